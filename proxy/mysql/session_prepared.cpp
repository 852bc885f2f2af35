// Prepared statements: a client's number is ours, the text behind it is prepared on whichever link it is executed on,
// once for all clients with the same text and state. https://mariadb.com/kb/en/com_stmt_execute/
#include <algorithm>

#include "protocol/mysql/fields.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

constexpr std::uint32_t kLastPrepared = 0xffffffff;  // MariaDB: the statement prepared just before
constexpr std::size_t kNumberAt = my::kHeadBytes + 1;
constexpr std::size_t kBulkFlagsAt = kNumberAt + 4, kBulkTypesAt = kBulkFlagsAt + 2;
constexpr char kSendsTypes = static_cast<char>(0x80);
constexpr std::size_t kMostStatements = 16'382;  // max_prepared_stmt_count

std::uint32_t number_in(std::string_view packet) {
  protocol::Reader reader(packet.substr(std::min(packet.size(), kNumberAt)));
  return reader.le32().value_or(0);
}

void put_number(char* at, std::uint32_t number) {
  for (int i = 0; i < 4; ++i, number >>= 8) at[i] = static_cast<char>(number & 0xff);
}

// Heads for what has grown: one, or several.
void put_heads(std::string& packet) {
  const auto payload = packet.substr(my::kHeadBytes);
  packet.clear();
  std::uint8_t sequence = 0;
  my::append_packets(packet, sequence, payload);
}

}  // namespace

void Session::put_statement_number(std::string& out, std::uint32_t number, std::size_t packet_at) {
  put_number(out.data() + packet_at + kNumberAt, number);
}

// The execution as it goes to a link, but for the statement's number there.
std::string Session::complete(const Work& work) const {
  return work.command == my::Command::kStmtBulkExecute ? std::string(work.packet)
                                                       : with_types(work.packet, *work.statement);
}

Session::Step Session::prepare(Packet packet) {
  if (statements_ && statements_->size() >= kMostStatements) {
    answer_error(1461, "42000", "Can't create more than max_prepared_stmt_count statements");
    return Step::kConsumed;
  }
  if (!catalog_is_current()) return Step::kBlocked;
  const auto sql = with_columns(packet.substr(my::kHeadBytes + 1));
  if (const auto refused = refuse_transaction(traces_of(sql, quoting_of(sql)))) return *refused;
  if (const auto fault = unpreparable(sql)) return refuse(*fault);
  if (!borrow()) return not_ready();
  // A server refuses to prepare what a READ ONLY transaction may not do.
  if (transaction_ && transaction_->read_only && !enlist()) return Step::kBlocked;
  auto text = worker_.surroundings().statements.find_or_add(sql, reading_of(*state_));
  if (statements_ &&
      std::any_of(statements_->begin(), statements_->end(), [&](const auto& one) { return one.second.text == text; }))
    text = worker_.surroundings().statements.add_another(*text);
  if (!statements_) statements_ = std::make_unique<std::unordered_map<std::uint32_t, ClientStatement>>();
  do ++last_statement_;
  while (last_statement_ == 0 || last_statement_ == kLastPrepared || statements_->contains(last_statement_));
  preparing_ = last_statement_;
  (*statements_)[preparing_].text = std::move(text);
  (*statements_)[preparing_].traces = traces_of(sql, quoting_of(sql));
  const auto& traces = (*statements_)[preparing_].traces;
  if (traces.asks_about_last && !traces.asks_for_insert_id_only && !is_sharded())
    pin_to(router::PinReason::kUninspected, "a prepared statement that asks about the one before it",
           /*carries=*/false);
  ++database_->counters.client_parses;
  ++database_->counters.server_parses;
  note_asked(my::Command::kStmtPrepare, packet);
  my::encode_command(link_->out(), my::Command::kStmtPrepare, sql);
  link_->owe(my::Command::kStmtPrepare, false, (*statements_)[preparing_].text->id);
  return Step::kConsumed;
}

// The server's number is kept for the link, and the client sees ours.
void Session::on_prepared(const Owed& owed, char* payload) {
  const auto ok = my::decode_prepare_ok({payload, 12});
  if (!ok) return;
  if (const auto older = link_->statement(owed.statement)) {
    std::string argument;
    protocol::Writer(argument).le32(older);
    my::encode_command(link_->out(), my::Command::kStmtClose, argument);
  }
  link_->remember_statement(owed.statement, ok->statement, database_->config().pool.max_prepared_statements,
                            open_statements());
  if (owed.drop || preparing_ == 0) return;
  (*statements_)[preparing_].parameters = ok->parameters;
  put_number(payload + 1, preparing_);
  preparing_ = 0;
}

Session::ClientStatement* Session::statement_of(Packet packet) {
  if (!statements_ || packet.size() < kNumberAt + 4) return nullptr;
  auto number = number_in(packet);
  if (number == kLastPrepared) number = last_statement_;
  const auto found = statements_->find(number);
  return found == statements_->end() ? nullptr : &found->second;
}

// The server numbers its answer behind the packets it got, the client behind the one it has sent.
std::uint8_t Session::shift_of(Packet grown) noexcept {
  const auto more = grown.size() / (my::kHeadBytes + my::kMaxPacketBytes);
  return static_cast<std::uint8_t>(0 - more);
}

std::uint32_t Session::client_number(Packet packet) const {
  const auto number = number_in(packet);
  return number == kLastPrepared ? last_statement_ : number;
}

// Its values have been used, or are not wanted any more.
void Session::forget_data(ClientStatement& statement, std::uint32_t number) {
  statement.has_long_data = statement.lost_data = statement.lost_cursor = false;
  with_data_.erase(number);
}

void Session::unknown_statement(Packet packet, std::string_view what) {
  answer_error(
      1243, "HY000",
      "Unknown prepared statement handler (" + std::to_string(number_in(packet)) + ") given to " + std::string(what));
}

// False: it is being prepared there, under the state it was prepared in; the command comes again.
bool Session::is_on_link(const ClientStatement& statement) {
  if (link_->statement(statement.text->id) != 0) return true;
  if (const auto then = read_as(*link_->state, *statement.text->state); *link_->state != *then) {
    if (link_->state->schema != then->schema) link_->ask(my::Command::kInitDb, then->schema);
    if (const auto sql = difference(*link_->state, *then, link_->base()); !sql.empty())
      link_->ask(my::Command::kQuery, sql);
    link_->state = then;
  }
  my::encode_command(link_->out(), my::Command::kStmtPrepare, statement.text->text);
  link_->owe(my::Command::kStmtPrepare, /*drop=*/true, statement.text->id);
  ++database_->counters.server_parses;
  link_is_ready_ = false;
  return false;
}

// An execution without types means those of the one before, which on this link may have been another client's.
std::string Session::with_types(Packet packet, ClientStatement& statement) const {
  std::string out(packet);
  const auto mask_at = kNumberAt + 4 + 1 + 4;
  const auto flag_at = mask_at + (std::size_t{statement.parameters} + 7) / 8;
  if (statement.parameters == 0 || out.size() <= flag_at) return out;
  const auto size = std::size_t{2} * statement.parameters;
  if (out[flag_at] != 0) {
    if (out.size() >= flag_at + 1 + size) statement.types = out.substr(flag_at + 1, size);
    return out;
  }
  if (statement.types.size() != size) return out;  // the server's error
  out[flag_at] = 1;
  out.insert(flag_at + 1, statement.types);
  put_heads(out);
  return out;
}

// Likewise of a bulk execution. https://mariadb.com/kb/en/com_stmt_bulk_execute/
std::string Session::with_bulk_types(Packet packet, ClientStatement& statement) {
  std::string out(packet);
  const auto size = std::size_t{2} * statement.parameters;
  if (out.size() < kBulkTypesAt) return out;
  if ((out[kBulkFlagsAt] & kSendsTypes) != 0) {
    if (out.size() >= kBulkTypesAt + size) statement.types = out.substr(kBulkTypesAt, size);
    return out;
  }
  if (statement.types.size() != size) return out;
  out[kBulkFlagsAt] = static_cast<char>(out[kBulkFlagsAt] | kSendsTypes);
  out.insert(kBulkTypesAt, statement.types);
  put_heads(out);
  return out;
}

// An execution, or a value ahead of one, of 16 MiB or more: it passes on as it comes under the server's number. False:
// not one that can.
bool Session::stream_statement(Packet in, const my::PacketHead& head, std::size_t& used) {
  const auto command = static_cast<my::Command>(in[my::kHeadBytes]);
  if (in.size() < kNumberAt + 4) return true;
  auto* statement = statement_of(in);
  if (statement == nullptr || is_sharded() || statement->lost_data) return false;
  if (command == my::Command::kStmtExecute) {
    const auto flag_at = kNumberAt + 4 + 1 + 4 + (std::size_t{statement->parameters} + 7) / 8;
    const auto types_end = flag_at + 1 + std::size_t{2} * statement->parameters;
    if (in.size() < types_end) return true;
    if (in[flag_at] == 0 && statement->parameters > 0) return false;  // those of another client's would count
    statement->types = in.substr(flag_at + 1, types_end - flag_at - 1);
  } else if (command == my::Command::kStmtBulkExecute) {
    const auto size = std::size_t{2} * statement->parameters;
    if (in.size() < kBulkTypesAt + size) return true;
    if ((in[kBulkFlagsAt] & kSendsTypes) == 0) return false;
    statement->types = in.substr(kBulkTypesAt, size);
  }
  target_shard_ = 0;
  replica_ok_ = false;
  may_write_ = true;
  told_ = !find_last_link(statement->traces, 0);
  blocked_ = busy();
  if (told_ || (!blocked_ && !borrow())) {
    blocked_ = !told_;
    if (told_) {  // the rest of its 16 MiB would be taken for commands
      out_.flush(stream_);
      close();
    }
    return true;
  }
  blocked_ = blocked_ || !is_on_link(*statement);
  if (blocked_) return true;
  std::string begin(in.substr(0, kNumberAt + 4));
  put_statement_number(begin, link_->statement(statement->text->id));
  if (command == my::Command::kStmtSendLongData) {
    statement->has_long_data = true;
    with_data_.insert(client_number(in));
  } else {
    note_asked(command, {});
    command_statement_ = client_number(in);
    forget_data(*statement, command_statement_);
    link_->owe(command);
    leave(statement->traces);
  }
  payload_goes_on_ = head.goes_on();
  pass_remaining_ = head.size() - begin.size();
  used = begin.size();
  if (!link_->write_through(begin)) link_lost();
  return true;
}

Session::Step Session::execute(Packet packet) {
  constexpr std::size_t kShortest = kNumberAt + 4 + 1 + 4;  // number, flags, iterations
  const auto command = static_cast<my::Command>(packet[my::kHeadBytes]);
  if (command == my::Command::kStmtExecute && packet.size() < kShortest) {
    answer_error(1835, "HY000", "Malformed communication packet");
    return Step::kConsumed;
  }
  auto* statement = statement_of(packet);
  if (statement == nullptr) {
    unknown_statement(packet, "mysqld_stmt_execute");
    return Step::kConsumed;
  }
  if (statement->traces.kills && command == my::Command::kStmtExecute) return kill_prepared(packet, *statement);
  if (statement->lost_data && !is_sharded()) return refuse_lost_data(*statement, client_number(packet));
  if (is_planned() && command == my::Command::kStmtExecute) {
    command_statement_ = client_number(packet);
    const auto step = route_execution(packet, *statement);
    if (step == Step::kConsumed) forget_data(*statement, command_statement_);
    return step;
  }
  if (is_sharded()) return execute_bulk(packet, *statement);
  if (!find_last_link(statement->traces, 0)) return Step::kConsumed;
  if (!borrow()) return not_ready();
  if (!is_on_link(*statement)) return Step::kBlocked;
  auto out =
      command == my::Command::kStmtExecute ? with_types(packet, *statement) : with_bulk_types(packet, *statement);
  put_number(out.data() + kNumberAt, link_->statement(statement->text->id));
  note_asked(command, statement->has_long_data ? Packet() : packet);
  command_statement_ = client_number(packet);
  forget_data(*statement, command_statement_);
  ++database_->counters.binds;
  link_->shift = shift_of(out);
  link_->out() += out;
  link_->owe(command);
  leave(statement->traces);
  return Step::kConsumed;
}

// Not answered; an error shows at the execution, which has to come on the same link.
Session::Step Session::send_long_data(Packet packet) {
  auto* statement = statement_of(packet);
  if (statement == nullptr) return Step::kConsumed;
  if (busy()) return Step::kBlocked;
  if (is_sharded() || untold_ || statement->lost_data) {  // where its statement will run is not known, or it will not
    statement->lost_data = true;
    return Step::kConsumed;
  }
  if (!borrow()) return not_ready();
  if (!is_on_link(*statement)) return Step::kBlocked;
  statement->has_long_data = true;
  with_data_.insert(client_number(packet));
  std::string out(packet);
  put_number(out.data() + kNumberAt, link_->statement(statement->text->id));
  link_->out() += out;
  return Step::kConsumed;
}

// Not answered. The text stays prepared on links: others use it.
Session::Step Session::close_statement(Packet packet) {
  auto* statement = statement_of(packet);
  if (statement == nullptr) return Step::kConsumed;
  const auto number = number_in(packet);
  const auto cursor = cursors_.find(number);
  const bool has_rows = link_ && cursor != cursors_.end() && cursor->second == link_->target().shard;
  const auto on_link = link_ ? link_->statement(statement->text->id) : 0;
  if ((has_rows || statement->has_long_data) && on_link != 0) {
    std::string argument;
    protocol::Writer(argument).le32(on_link);
    link_->ask(my::Command::kStmtReset, argument);
  }
  forget_cursor(number);
  with_data_.erase(number);
  statements_->erase(number);
  return Step::kConsumed;
}

Session::Step Session::reset_statement(Packet packet) {
  auto* statement = statement_of(packet);
  if (statement == nullptr) {
    unknown_statement(packet, "mysqld_stmt_reset");
    return Step::kConsumed;
  }
  if (const auto cursor = cursors_.find(client_number(packet)); is_sharded() && cursor != cursors_.end()) {
    if (const auto fault = kept_elsewhere(cursor->second)) return refuse(*fault);
    if (!stand_on(cursor->second, /*replica_ok=*/false)) return not_ready();
  }
  const auto on_link = link_ ? link_->statement(statement->text->id) : 0;
  cursors_.erase(client_number(packet));
  statement->lost_cursor = false;
  if (on_link == 0) {
    statement->lost_data = false;
    answer_ok();
    return Step::kConsumed;
  }
  forget_data(*statement, number_in(packet));
  std::string out(packet);
  put_number(out.data() + kNumberAt, on_link);
  return forward(my::Command::kStmtReset, out, packet);
}

}  // namespace shardway::proxy::mysql
