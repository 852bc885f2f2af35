// Commands: what is answered here, what goes to a server, and what is refused.
// https://mariadb.com/kb/en/2-text-protocol/ https://mariadb.com/kb/en/3-binary-protocol-prepared-statements/
#include "proxy/mysql/own_error.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

Session::Step Session::on_command(Packet packet) {
  if (packet.size() <= my::kHeadBytes) {
    fatal(1047, "08S01", "Unknown command");
    return Step::kConsumed;
  }
  if (packet[3] != 0) {
    fatal(1156, "08S01", "Got packets out of order");
    return Step::kConsumed;
  }
  const auto command = static_cast<my::Command>(packet[my::kHeadBytes]);
  if (busy() && command != my::Command::kStmtSendLongData) return Step::kBlocked;
  if (held_) return end_held();
  if (untold_)
    if (const auto step = hear_of_loss(command, packet)) return *step;
  if (!waiting_) {
    target_shard_ = link_ ? link_->target().shard : is_sharded() ? database_->topology().home : router::ShardIndex{0};
    replica_ok_ = false;
    may_write_ = true;
  }
  switch (command) {
    case my::Command::kQuit: close(); return Step::kConsumed;
    case my::Command::kPing: answer_ok(); return Step::kConsumed;
    case my::Command::kQuery: return on_query(packet);
    case my::Command::kInitDb: return init_db(packet);
    case my::Command::kFieldList:
    case my::Command::kStatistics:
    case my::Command::kProcessInfo:
    case my::Command::kDebug:
    case my::Command::kRefresh: return forward(command, packet);
    case my::Command::kSetOption: {
      const auto step = forward(command, packet);
      if (step != Step::kConsumed || !link_) return step;
      link_->close_when_returned();  // neither COM_RESET_CONNECTION nor COM_CHANGE_USER takes it back
      pin_to(router::PinReason::kUninspected, "COM_SET_OPTION");
      return step;
    }
    case my::Command::kStmtPrepare: return prepare(packet);
    case my::Command::kStmtExecute:
    case my::Command::kStmtBulkExecute: return execute(packet);
    case my::Command::kStmtSendLongData: return send_long_data(packet);
    case my::Command::kStmtClose: return close_statement(packet);
    case my::Command::kStmtReset: return reset_statement(packet);
    case my::Command::kStmtFetch: return fetch(packet);
    case my::Command::kResetConnection: return reset_connection();
    case my::Command::kChangeUser: return change_user(packet);
    case my::Command::kProcessKill: return kill_by_command(packet);
    default: break;
  }
  answer_error(1047, "08S01", "Unknown command");
  return Step::kConsumed;
}

// Passes the command on as it is. `asked`: as the client wrote it, if that is not so.
Session::Step Session::forward(my::Command command, Packet packet, Packet asked) {
  if (!borrow()) return not_ready();
  note_asked(command, asked.empty() ? packet : asked);
  link_->shift = 0;
  link_->out() += packet;
  link_->owe(command);
  return Step::kConsumed;
}

Session::Step Session::on_query(Packet packet) {
  if (is_planned()) return route_query(packet);
  const auto sql = packet.substr(my::kHeadBytes + 1);
  const auto traces = traces_of(sql, quoting_of(sql));
  if (traces.kills) return kill_by_text(sql);
  if (const auto refused = refuse_transaction(traces)) return *refused;
  if (tell_last(traces, sql)) return Step::kConsumed;
  if (!find_last_link(traces, 0)) return Step::kConsumed;
  const auto step = forward(my::Command::kQuery, packet);
  if (step == Step::kConsumed) leave(traces);
  return step;
}

// pool.mode = statement: no link is kept from one statement to the next.
std::optional<Session::Step> Session::refuse_transaction(const Traces& traces) {
  if (!traces.begins_transaction || database_->config().pool.mode != config::PoolMode::kStatement) return std::nullopt;
  return refuse({protocol::FaultReason::kNotSupported, "transactions are not allowed in statement pooling mode",
                 "set pool.mode = \"transaction\"", 0});
}

// A name of ours is the schema on the servers that stands for it.
Session::Step Session::init_db(Packet packet) {
  const auto name = packet.substr(my::kHeadBytes + 1);
  const auto& config = database_->config();
  if (config.server_database.empty() || name != config.name) return forward(my::Command::kInitDb, packet);
  std::string renamed;
  my::encode_command(renamed, my::Command::kInitDb, config.server_database);
  return forward(my::Command::kInitDb, renamed);
}

// A fresh session on the same schema; what was left on the link is cleaned up there before anybody else has it.
Session::Step Session::reset_connection() {
  if (!leave_link_clean()) return Step::kBlocked;
  const auto schema = state_->schema;
  abandon_links();
  begin_again();
  state_ = std::make_shared<const State>(State{schema, {}});
  answer_ok();
  return Step::kConsumed;
}

// What a client leaves behind (locks by name, a transaction) is gone when it hears so, and others may find it gone.
// False: not yet; the command comes again.
bool Session::leave_link_clean() {
  if (waiting_ && waiting_->fault) stop_waiting();  // it could not be cleaned, and ends
  const bool is_clean = std::exchange(is_cleaning_, false);
  if (is_clean || !link_ || is_sharded() || !keeps_link() || pin_detail_ == "xa") return true;
  link_->ask_reset();
  link_is_ready_ = false;
  is_cleaning_ = true;
  return false;
}

// Of a statement of its own.
void Session::answer_ok() {
  last_.row_count = 0;
  last_.is_row_count_elsewhere = true;
  tell_ok();
}

void Session::tell_ok() {
  my::Ok ok;
  ok.status = status_;
  my::encode(out_.tail(), sequence_, ok, capabilities_);
}

void Session::answer_error(std::uint16_t code, std::string_view sqlstate, std::string_view message) {
  my::encode(out_.tail(), sequence_, my::Err{code, sqlstate, message});
  if (phase_ != Phase::kReady) return;
  last_.row_count = -1;
  last_.is_row_count_elsewhere = last_.failed = last_.is_gone = true;
  last_.diagnostics = std::make_unique<Diagnostics>(diagnostics_of(code, message, collation_, capabilities_));
}

}  // namespace shardway::proxy::mysql
