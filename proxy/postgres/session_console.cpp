// A client of the console database: its commands are answered by the admin room, in the simple and the extended
// protocol.
#include "protocol/postgres/messages.hpp"
#include "proxy/admin/console.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

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

// The answer may come on any thread, and later: it is brought back to this one.
void Session::console_execute(std::string_view command, bool simple) {
  console_busy_ = true;
  console_described_ = false;
  admin::execute(*worker_.surroundings().host, command, may_change_,
                 [&worker = worker_, id = id_, simple](admin::Answer answer) {
                   auto shared = std::make_shared<admin::Answer>(std::move(answer));
                   worker.with_client<Session>(id, [shared, simple](Session& session) {
                     session.console_answer(*shared, simple);
                     session.resume();
                   });
                 });
}

void Session::on_console_message(char type, Frame frame) {
  const auto body = frame.substr(pg::kHeadBytes);
  if (skip_until_sync_ && type != 'S') return;
  switch (type) {
    case 'Q':
      if (const auto sql = pg::decode_query(body)) return console_execute(*sql, true);
      break;
    case 'P':
      if (const auto parse = pg::decode_parse(body)) {
        auto statement = std::make_shared<ClientStatement>();
        auto prepared = std::make_shared<Prepared>();
        prepared->text = parse->query;
        statement->prepared = std::move(prepared);
        store_statement(parse->name, std::move(statement));
        return pg::encode::parse_complete(reply());
      }
      break;
    case 'B':
      if (const auto bind = pg::decode_bind(body)) {
        const auto statement = statement_named(bind->statement);
        if (!statement) {
          pg::encode::error(reply(), {.sqlstate = "26000", .message = "prepared statement does not exist"});
          skip_until_sync_ = true;
          return;
        }
        store_portal(bind->portal).statement = statement;
        return pg::encode::bind_complete(reply());
      }
      break;
    case 'D':
      if (const auto describe = pg::decode_describe(body)) {
        const bool of_portal = describe->target == pg::Target::kPortal;
        const auto* portal = of_portal ? portal_named(describe->name) : nullptr;
        const auto statement =
            of_portal ? (portal != nullptr ? portal->statement : nullptr) : statement_named(describe->name);
        if (!of_portal) pg::encode::parameter_description(reply(), {});
        const auto columns = statement ? admin::describe(statement->prepared->text) : std::nullopt;
        return describe_columns(reply(), columns.value_or(std::vector<admin::Column>{}));
      }
      break;
    case 'E':
      if (const auto execute = pg::decode_execute(body)) {
        const auto* portal = portal_named(execute->portal);
        return console_execute(
            portal != nullptr ? std::string_view(portal->statement->prepared->text) : std::string_view(), false);
      }
      break;
    case 'C':
      if (const auto close = pg::decode_close(body)) {
        if (close->target == pg::Target::kStatement && statements_) statements_->erase(std::string(close->name));
        return pg::encode::close_complete(reply());
      }
      break;
    case 'S': skip_until_sync_ = false; return pg::encode::ready(reply(), 'I');
    case 'H':
    case 'd':
    case 'c':
    case 'f': return;
    default: break;
  }
  fatal(protocol::FaultReason::kProtocol, "invalid message on the console");
}

}  // namespace shardway::proxy::postgres
