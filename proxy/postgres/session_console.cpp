// A client of the console database: its commands are answered by the admin room, in the simple and the extended
// protocol.
#include "protocol/postgres/messages.hpp"
#include "proxy/admin/console.hpp"
#include "proxy/log.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::size_t kShown = 500;  // of a command, in the log
constexpr std::string_view kNoPortal = "34000", kNoStatement = "26000";

pg::Field field_of(const admin::Column& column) {
  switch (column.type) {
    case admin::ColumnType::kInt4: return {column.name, 0, 0, 23, 4, -1, pg::Format::kText};
    case admin::ColumnType::kInt8: return {column.name, 0, 0, 20, 8, -1, pg::Format::kText};
    case admin::ColumnType::kNumeric: return {column.name, 0, 0, 1700, -1, -1, pg::Format::kText};
    case admin::ColumnType::kText: break;
  }
  return {column.name, 0, 0, 25, -1, -1, pg::Format::kText};
}

void describe_columns(std::string& out, const std::vector<admin::Column>& columns) {
  if (columns.empty()) {
    pg::encode::no_data(out);
    return;
  }
  std::vector<pg::Field> fields;
  for (const auto& column : columns) fields.push_back(field_of(column));
  pg::encode::row_description(out, fields);
}

}  // namespace

void Session::console_answer(const admin::Answer& answer, bool simple) {
  console_busy_ = answer.more;
  if (!answer.error.empty()) {
    pg::encode::error(reply(), {.sqlstate = answer.error_sqlstate, .message = answer.error});
    skip_until_sync_ = !simple;
  } else if (answer.tag.empty()) {
    pg::encode::empty_query(reply());
  } else {
    if (simple && !answer.columns.empty() && !std::exchange(console_described_, true))
      describe_columns(reply(), answer.columns);
    for (const auto& row : answer.rows) {
      std::vector<std::optional<protocol::Bytes>> values;
      for (const auto& value : row) values.push_back(value ? std::optional<protocol::Bytes>(*value) : std::nullopt);
      pg::encode::data_row(reply(), values);
    }
    if (answer.more) return;
    pg::encode::command_complete(reply(), answer.tag);
  }
  if (simple) pg::encode::ready(reply(), 'I');
}

// The answer may come on any thread, and later: it is brought back to this one. Who asked for what is in the log, as
// soon as it is begun; and why it was not done.
void Session::console_execute(std::string_view command, bool simple) {
  console_busy_ = true;
  console_described_ = false;
  const bool is_action = may_change_ && admin::is_action(command);
  if (is_action) log::info("event=console client={} user=\"{}\" command=\"{}\"", id_, user_, command.substr(0, kShown));
  admin::execute(*worker_.surroundings().host, command, may_change_,
                 [&worker = worker_, id = id_, simple, is_action](admin::Answer answer) {
                   if (is_action && !answer.error.empty())
                     log::warn("event=console_refused client={} message=\"{}\"", id, answer.error);
                   auto shared = std::make_shared<admin::Answer>(std::move(answer));
                   worker.with_client<Session>(id, [shared, simple](Session& session) {
                     session.console_answer(*shared, simple);
                     session.resume();
                   });
                 });
}

void Session::on_console_message(char type, Frame frame) {
  if (skip_until_sync_ && type != 'S') return;
  if (!console_message(type, frame.substr(pg::kHeadBytes)))
    fatal(protocol::FaultReason::kProtocol, "invalid message on the console");
}

// False: it is none, or malformed.
bool Session::console_message(char type, Frame body) {
  switch (type) {
    case 'Q': {
      const auto sql = pg::decode_query(body);
      if (sql) console_execute(*sql, true);
      return sql.has_value();
    }
    case 'P': return console_parse(body);
    case 'B': return console_bind(body);
    case 'D': return console_describe(body);
    case 'E': {
      const auto execute = pg::decode_execute(body);
      const auto* portal = execute ? portal_named(execute->portal) : nullptr;
      if (portal != nullptr)
        console_execute(portal->statement->prepared->text, false);
      else if (execute)
        console_lacks("portal", execute->portal, kNoPortal);
      return execute.has_value();
    }
    case 'C': {
      const auto close = pg::decode_close(body);
      if (!close) return false;
      if (close->target == pg::Target::kStatement && statements_) statements_->erase(std::string(close->name));
      pg::encode::close_complete(reply());
      return true;
    }
    case 'S':
      skip_until_sync_ = false;
      pg::encode::ready(reply(), 'I');
      return true;
    default: return type == 'H' || type == 'd' || type == 'c' || type == 'f';
  }
}

bool Session::console_parse(Frame body) {
  const auto parse = pg::decode_parse(body);
  if (!parse) return false;
  auto statement = std::make_shared<ClientStatement>();
  auto prepared = std::make_shared<Prepared>();
  prepared->text = parse->query;
  statement->prepared = std::move(prepared);
  store_statement(parse->name, std::move(statement));
  pg::encode::parse_complete(reply());
  return true;
}

bool Session::console_bind(Frame body) {
  const auto bind = pg::decode_bind(body);
  if (!bind) return false;
  const auto statement = statement_named(bind->statement);
  if (!statement) {
    console_lacks("prepared statement", bind->statement, kNoStatement);
    return true;
  }
  store_portal(bind->portal).statement = statement;
  pg::encode::bind_complete(reply());
  return true;
}

bool Session::console_describe(Frame body) {
  const auto describe = pg::decode_describe(body);
  if (!describe) return false;
  const bool of_portal = describe->target == pg::Target::kPortal;
  const auto* portal = of_portal ? portal_named(describe->name) : nullptr;
  const auto statement = portal != nullptr ? portal->statement : of_portal ? nullptr : statement_named(describe->name);
  if (!statement) {
    console_lacks(of_portal ? "portal" : "prepared statement", describe->name, of_portal ? kNoPortal : kNoStatement);
    return true;
  }
  if (!of_portal) pg::encode::parameter_description(reply(), {});
  describe_columns(reply(), admin::describe(statement->prepared->text).value_or(std::vector<admin::Column>{}));
  return true;
}

void Session::console_lacks(std::string_view what, std::string_view name, std::string_view sqlstate) {
  const bool is_unnamed = name.empty() && sqlstate == kNoStatement;
  const auto named = is_unnamed ? "unnamed " + std::string(what) : std::string(what) + " \"" + std::string(name) + '"';
  pg::encode::error(reply(), {.sqlstate = sqlstate, .message = named + " does not exist"});
  skip_until_sync_ = true;
}

}  // namespace shardway::proxy::postgres
