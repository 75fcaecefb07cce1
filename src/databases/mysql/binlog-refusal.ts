import { TandemError } from '../../model/error.ts';
import { corrupt } from './binlog-events.ts';
import { driverError } from './errors.ts';
import type { Flavor } from './flavor.ts';

const fatalReadError = 1236;

/**
 * The server's answer that it does not send the log, or not any longer: 0xff, number 2, `#` and SQL state 5, text. The
 * number is 1236 for nearly all reasons, and only the text tells them apart (sql/rpl_binlog_sender.cc,
 * sql/sql_repl.cc).
 */
export function refusal(flavor: Flavor, packet: Buffer): TandemError {
  const errno = packet.readUInt16LE(1);
  const text = packet.toString('utf8', packet[3] === 0x23 ? 9 : 3);
  if (errno !== fatalReadError) {
    const error = Object.assign(new Error(text), { errno, sqlState: packet.toString('latin1', 4, 9) });
    return driverError(error, 'TD4005');
  }
  if (/purged|state is too old/i.test(text)) {
    return new TandemError('TD6002', 'The binary log no longer holds the changes after the checkpoint.', {
      found: text,
      fix: 'Keep the binary log longer (binlog_expire_logs_seconds), then load the tables again.',
    });
  }
  if (/more GTIDs than|not in the master's binlog|is missing the GTID/i.test(text)) {
    return new TandemError('TD6004', `${flavor.title} lacks transactions that were already applied.`, { found: text });
  }
  if (/same server_uuid\/server_id|same server_id/i.test(text)) {
    return new TandemError('TD4005', 'Another reader with the same server id took over the connection to the log.', {
      found: text,
      fix: 'Run one engine for each sync.',
    });
  }
  return corrupt(text);
}
