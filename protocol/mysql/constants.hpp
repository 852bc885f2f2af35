// The numbers of the protocol under the names its documentation gives them: capabilities, status flags, commands.
// https://mariadb.com/kb/en/connection/
// https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
#pragma once

#include <cstdint>

namespace shardway::protocol::mysql {

// MySQL's 32 bits, and above them MariaDB's extended ones.
using Capabilities = std::uint64_t;
constexpr bool has(Capabilities all, Capabilities one) noexcept { return (all & one) != 0; }
namespace capability {
inline constexpr Capabilities kLongPassword =
    1U << 0;  // "CLIENT_MYSQL": unset by MariaDB, which then has the upper 32 bits
inline constexpr Capabilities kFoundRows = 1U << 1;  // affected rows are the matched ones
inline constexpr Capabilities kLongFlag = 1U << 2;
inline constexpr Capabilities kConnectWithDb = 1U << 3;
inline constexpr Capabilities kNoSchema = 1U << 4;
inline constexpr Capabilities kCompress = 1U << 5;
inline constexpr Capabilities kOdbc = 1U << 6;
inline constexpr Capabilities kLocalFiles = 1U << 7;
inline constexpr Capabilities kIgnoreSpace = 1U << 8;
inline constexpr Capabilities kProtocol41 = 1U << 9;
inline constexpr Capabilities kInteractive = 1U << 10;  // interactive_timeout instead of wait_timeout
inline constexpr Capabilities kSsl = 1U << 11;
inline constexpr Capabilities kIgnoreSigpipe = 1U << 12;
inline constexpr Capabilities kTransactions = 1U << 13;
inline constexpr Capabilities kSecureConnection = 1U << 15;
inline constexpr Capabilities kMultiStatements = 1U << 16;
inline constexpr Capabilities kMultiResults = 1U << 17;
inline constexpr Capabilities kPsMultiResults = 1U << 18;
inline constexpr Capabilities kPluginAuth = 1U << 19;
inline constexpr Capabilities kConnectAttributes = 1U << 20;
inline constexpr Capabilities kPluginAuthLenenc = 1U << 21;
inline constexpr Capabilities kExpiredPasswords = 1U << 22;
inline constexpr Capabilities kSessionTrack = 1U << 23;
inline constexpr Capabilities kDeprecateEof = 1U << 24;
inline constexpr Capabilities kOptionalMetadata = 1U << 25;
inline constexpr Capabilities kZstd = 1U << 26;
inline constexpr Capabilities kQueryAttributes = 1U << 27;
inline constexpr Capabilities kBulk = Capabilities{1} << 34;              // MariaDB: COM_STMT_BULK_EXECUTE
inline constexpr Capabilities kExtendedMetadata = Capabilities{1} << 35;  // a definition names a type's format, too
}  // namespace capability

namespace status {
inline constexpr std::uint16_t kInTransaction = 0x0001;
inline constexpr std::uint16_t kAutocommit = 0x0002;
inline constexpr std::uint16_t kMoreResults = 0x0008;
inline constexpr std::uint16_t kCursorExists = 0x0040;
inline constexpr std::uint16_t kLastRowSent = 0x0080;
inline constexpr std::uint16_t kNoBackslashEscapes = 0x0200;
inline constexpr std::uint16_t kInReadOnlyTransaction = 0x2000;
inline constexpr std::uint16_t kSessionStateChanged = 0x4000;
inline constexpr std::uint16_t kAnsiQuotes = 0x8000;  // MariaDB
}  // namespace status

enum class Command : std::uint8_t {
  kSleep = 0x00,
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kCreateDb = 0x05,
  kDropDb = 0x06,
  kRefresh = 0x07,
  kShutdown = 0x08,
  kStatistics = 0x09,
  kProcessInfo = 0x0a,
  kProcessKill = 0x0c,
  kDebug = 0x0d,
  kPing = 0x0e,
  kChangeUser = 0x11,
  kBinlogDump = 0x12,
  kRegisterSlave = 0x15,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtSendLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1a,
  kSetOption = 0x1b,
  kStmtFetch = 0x1c,
  kResetConnection = 0x1f,
  kStmtBulkExecute = 0xfa,  // MariaDB
};

// What a session-track item of an OK packet tells.
enum class Tracked : std::uint8_t {
  kSystemVariable = 0,
  kSchema = 1,
  kStateChange = 2,
  kGtid = 3,
  kCharacteristics = 4,
  kState = 5
};

}  // namespace shardway::protocol::mysql
