#include "proxy/mysql/fault_code.hpp"

namespace shardway::proxy::mysql {

using protocol::FaultReason;

ErrorCode code_of(FaultReason reason) noexcept {
  switch (reason) {
    case FaultReason::kNotSupported:
    case FaultReason::kNeedsKey:
    case FaultReason::kSeveralShards:
    case FaultReason::kBadKey:
    case FaultReason::kTableRefused:
    case FaultReason::kCursorExists:
    case FaultReason::kTooLarge:  // 1153 would be taken for the end of the connection
    case FaultReason::kUnknownTable: return {1235, "42000"};
    case FaultReason::kNullKey: return {1048, "23000"};
    case FaultReason::kSyntax:
    case FaultReason::kBadHint: return {1064, "42000"};
    case FaultReason::kActiveTransaction: return {1568, "25001"};
    case FaultReason::kInFailedTransaction:
    case FaultReason::kNoTransaction: return {1305, "42000"};
    case FaultReason::kPoolTimeout: return {1040, "08004"};
    case FaultReason::kNoServer: return {2003, "HY000"};
    case FaultReason::kServerLost: return {1317, "70100"};  // 2013 would be taken for the end of the connection
    case FaultReason::kTransactionLost: return {1213, "40001"};
    case FaultReason::kOutcomeUnknown: return {1180, "08007"};
    case FaultReason::kShutdown: return {1053, "08S01"};
    case FaultReason::kForbidden: return {1142, "42000"};
    case FaultReason::kProtocol: return {1835, "HY000"};
  }
  return {1105, "HY000"};
}

std::string text_of(const protocol::Fault& fault) {
  return fault.hint.empty() ? fault.message : fault.message + "; " + fault.hint;
}

}  // namespace shardway::proxy::mysql
