#include "proxy/postgres/fault_code.hpp"

#include "protocol/postgres/messages.hpp"

namespace shardway::proxy::postgres {

using protocol::FaultReason;

std::string_view sqlstate_of(FaultReason reason) noexcept {
  switch (reason) {
    case FaultReason::kNotSupported:
    case FaultReason::kNeedsKey:
    case FaultReason::kSeveralShards:
    case FaultReason::kTableRefused:
    case FaultReason::kUnknownTable: return "0A000";
    case FaultReason::kNullKey: return "23502";
    case FaultReason::kBadKey: return "22P02";
    case FaultReason::kSyntax:
    case FaultReason::kBadHint: return "42601";
    case FaultReason::kInFailedTransaction: return "25P02";
    case FaultReason::kActiveTransaction: return "25001";
    case FaultReason::kNoTransaction: return "25P01";
    case FaultReason::kCursorExists: return "42P03";
    case FaultReason::kPoolTimeout: return "53300";
    case FaultReason::kNoServer: return "57P03";
    case FaultReason::kServerLost: return "08006";
    case FaultReason::kTransactionLost: return "40001";
    case FaultReason::kOutcomeUnknown: return "08007";
    case FaultReason::kShutdown: return "57P01";
    case FaultReason::kForbidden: return "42501";
    case FaultReason::kProtocol: return "08P01";
    case FaultReason::kTooLarge: return "54000";
  }
  return "XX000";
}

void encode_fault(std::string& out, const protocol::Fault& fault, std::string_view severity) {
  protocol::postgres::encode::ErrorText text;
  text.severity = severity;
  text.sqlstate = sqlstate_of(fault.reason);
  text.message = fault.message;
  text.hint = fault.hint;
  text.position = fault.position;
  protocol::postgres::encode::error(out, text);
}

void encode_deadlock(std::string& out) {
  protocol::postgres::encode::ErrorText text;
  text.sqlstate = "40P01";
  text.message = "deadlock detected";
  text.hint = "transactions on several shards waited for each other: run this one again";
  protocol::postgres::encode::error(out, text);
}

void encode_query_timeout(std::string& out) {
  protocol::postgres::encode::ErrorText text;
  text.sqlstate = "57014";
  text.message = "canceling statement due to query_timeout";
  text.hint = "pool.query_timeout says how long a statement may take";
  protocol::postgres::encode::error(out, text);
}

}  // namespace shardway::proxy::postgres
