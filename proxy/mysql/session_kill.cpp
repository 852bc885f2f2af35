// The numbers clients know each other by: those of their greetings. CONNECTION_ID() tells a client its own; KILL, by
// text, prepared or as COM_PROCESS_KILL, ends what runs for another one on its own server connections, and nothing of
// whoever has these next. https://mariadb.com/kb/en/kill/

#include <algorithm>
#include <charconv>

#include "protocol/mysql/execution.hpp"
#include "protocol/mysql/fields.hpp"
#include "proxy/log.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

// The one parameter of an execution as a number.
std::optional<std::uint64_t> number_of(const my::Execution& execution) {
  if (execution.values.size() != 1 || !execution.values[0]) return std::nullopt;
  constexpr std::uint8_t kTiny = 1, kShort = 2, kLong = 3, kLongLong = 8;
  const auto value = *execution.values[0];
  const auto type = execution.types[0] & 0xff;
  std::uint64_t number = 0;
  if (type == kTiny || type == kShort || type == kLong || type == kLongLong) {
    for (std::size_t i = value.size(); i-- > 0;) number = number << 8 | static_cast<std::uint8_t>(value[i]);
    return number;
  }
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  return read.ec == std::errc() && read.ptr == value.data() + value.size() ? std::optional(number) : std::nullopt;
}

KeptError interrupted() { return {1317, "70100", "Query execution was interrupted"}; }

}  // namespace

// What SELECT CONNECTION_ID() says, alone; elsewhere the function is the server's, and tells its own connection's.
std::uint32_t Session::own_number() const noexcept { return kNumberBase | process_id_; }

Session::Step Session::refuse_kill() {
  answer_error(
      1235, "42000",
      "this KILL is not supported through Shardway: write KILL [QUERY | CONNECTION] and the number a client was "
      "greeted with (CONNECTION_ID()), or use KILL on the console");
  return Step::kConsumed;
}

// What the text asks for, if it is a single KILL.
std::optional<router::Kill> Session::kill_in(std::string_view sql, const State& state) {
  router::Literals literals;
  const auto query = database_->cache().find(sql, parse_settings(state), literals);
  return query->statements.size() == 1 ? query->statements[0].kill : std::nullopt;
}

Session::Step Session::kill_by_text(std::string_view sql) {
  const auto kill = kill_in(sql, *state_);
  if (kill && kill->connection) return kill_client(*kill->connection, kill->query);
  return kill && kill->is_own ? kill_client(own_number(), kill->query) : refuse_kill();
}

Session::Step Session::kill_prepared(Packet packet, ClientStatement& statement) {
  const auto kill = kill_in(statement.text->text, *statement.text->state);
  if (kill && kill->connection) return kill_client(*kill->connection, kill->query);
  if (!kill || !kill->is_parameter) return refuse_kill();
  const auto complete = with_types(packet, statement);
  const auto execution = my::decode_execution(std::string_view(complete).substr(my::kHeadBytes), statement.parameters);
  const auto number = execution ? number_of(*execution) : std::nullopt;
  return number ? kill_client(*number, kill->query) : refuse_kill();
}

Session::Step Session::kill_by_command(Packet packet) {
  protocol::Reader reader(packet.substr(my::kHeadBytes + 1));
  const auto number = reader.le32();
  if (number) return kill_client(*number, /*query=*/false);
  answer_error(1835, "HY000", "Malformed communication packet");
  return Step::kConsumed;
}

// The other one may live on another thread: it is asked there, and the command comes again when it has answered.
Session::Step Session::kill_client(std::uint64_t number, bool query) {
  if (!killing_) {
    killing_ = std::make_unique<Killing>();
    const Killer killer{id_, user_};
    worker_.surroundings().visit(number ^ kNumberBase, [&home = worker_, killer, number, query](Client* client) {
      auto fault = end_other(client, killer, number, query);
      home.with_client<Session>(killer.id, [fault = std::move(fault)](Session& session) {
        *session.killing_ = {true, fault};
        session.resume();
      });
    });
    return Step::kBlocked;
  }
  if (!killing_->is_over) return Step::kBlocked;
  const auto over = std::exchange(killing_, nullptr);
  if (over->fault) {
    answer_error(over->fault->code, over->fault->sqlstate, over->fault->message);
  } else {
    answer_ok();
  }
  if (number != own_number() || query) return Step::kConsumed;
  out_.flush(stream_);
  close();
  return Step::kConsumed;
}

// On the other client's thread.
std::optional<KeptError> Session::end_other(Client* client, const Killer& killer, std::uint64_t number, bool query) {
  auto* other = dynamic_cast<Session*>(client);
  if (other == nullptr || other->is_logging_in())
    return KeptError{1094, "HY000", "Unknown thread id: " + std::to_string(number)};
  if (other->user_ != killer.user)
    return KeptError{1095, "HY000", "You are not owner of thread " + std::to_string(number)};
  if (other->id_ == killer.id) return query ? interrupted() : KeptError{1927, "70100", "Connection was killed"};
  other->interrupt(query);
  return std::nullopt;
}

// A transaction that is on its way to its end goes on: an interrupted COMMIT could be anything.
void Session::interrupt(bool query) {
  const bool too_late = transaction_ && transaction_->stage != Transaction::Stage::kOpen;
  each_link([&](Link& link) {
    if (!too_late && link.owes() && !gathers_diagnostics() && insert_id_packets_ == 0) kill_on_server(link, query);
  });
  if (!query) {
    log::info("event=client_closed client={} reason=\"killed by another client\"", id_);
    return close();
  }
  if (!waiting_ || waiting_->fault) return;
  waiting_->fault = interrupted();
  resume();
}

// Over a connection of its own beside the pool, all of whose links may be busy. A KILL that comes late meets nothing
// else: the link ends with the client's use of it, and the client's next statement waits for the KILL.
void Session::kill_on_server(Link& link, bool query) {
  link.close_when_returned();
  ++kills_in_flight_;
  last_kill_ = worker_.loop().now();
  worker_.resume_after(*this, kLongestKill);
  auto over = [&worker = worker_, id = id_] {
    worker.with_client<Session>(id, [](Session& session) {
      --session.kills_in_flight_;
      session.resume();
    });
  };
  const auto& target = link.target();
  auto login = target.login;
  login.is_beside = true;
  const auto& nodes = database_->backend().shards[target.shard]->nodes;
  const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const auto& one) { return one.get() == target.node; });
  auto& pool = database_->mysql.pool(database_->mysql.of_login(login), target.shard,
                                     static_cast<std::size_t>(node - nodes.begin()));
  auto sql = (query ? "KILL QUERY " : "KILL CONNECTION ") + std::to_string(link.connection_id());
  pool.wait([&pool, sql = std::move(sql), over = std::move(over)](std::unique_ptr<Link> granted,
                                                                  const backend::OpenFailure&) {
    if (!granted) return over();
    pool.reset(std::move(granted), {sql}, over);
  });
}

bool Session::awaits_kill() const noexcept {
  return kills_in_flight_ > 0 && !busy() && worker_.loop().now() - last_kill_ < kLongestKill;
}

}  // namespace shardway::proxy::mysql
