// What a client was told of its prepared statements, and what becomes of those whose tables have changed since.
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::FaultReason;

// The client was told what the statement's rows are, maybe on another connection, or before it was prepared anew: they
// have to be the same here. Nothing: they are.
std::optional<Session::Step> Session::columns_changed(Branch& branch, const ClientStatement& statement,
                                                      std::string_view name) {
  if (statement.told.columns == 0) return std::nullopt;
  auto& link = *branch.link;
  const auto id = statement.prepared->id;
  const bool is_outdated = !name.empty() && link.is_older(id, statement.prepared->outdated_at);
  const auto here = is_outdated ? Described() : link.described(id, name.empty());
  if (here == statement.told) return std::nullopt;
  if (here.columns != 0) return fail_in_order({FaultReason::kNotSupported, std::string(kColumnsHaveChanged), {}, 0});
  if (link.owes()) return quiet();
  ensure_prepared(branch, statement, name);
  describe_on(branch, statement, name, /*drop=*/true);
  pg::encode::flush(link.out());
  branch.flush_sent = true;
  return Step::kBlocked;
}

void Session::describe_on(Branch& branch, const ClientStatement& statement, std::string_view name, bool drop) {
  const auto id = statement.prepared->id;
  const auto on_server = name.empty() ? std::string() : server_statement_name(id);
  pg::encode::describe(branch.link->out(), pg::Target::kStatement, on_server);
  branch.link->owe(Reply::kDescribe, drop, /*swallow_error=*/false, id, name.empty());
  branch.dirty = true;
  branch.flush_sent = false;
}

// The client's statement that this answer is about; null: it has none any more.
const ClientStatement* Session::statement_of(const Owed& owed) const {
  const auto is_meant = [&](const std::shared_ptr<const ClientStatement>& statement) {
    return statement && statement->prepared->id == owed.statement;
  };
  if (owed.unnamed) return is_meant(unnamed_) ? unnamed_.get() : nullptr;
  if (!statements_) return nullptr;
  for (const auto& [name, statement] : *statements_)
    if (is_meant(statement)) return statement.get();
  return nullptr;
}

// `columns`: of a RowDescription, or nothing.
void Session::note_described(Link& link, protocol::Bytes columns) {
  const auto& owed = link.owed().front();
  const Described described{link.parameters_told, fingerprint_of_columns(columns)};
  link.note_described(owed.statement, owed.unnamed, described);
  if (owed.drop) return;
  if (const auto* statement = statement_of(owed)) statement->told = described;
}

// A server has refused a statement that it was given before its columns changed: it is prepared anew everywhere. True
// if this client, whose Parse came later, is asked again and hears nothing of it.
bool Session::outdates_statement(Link& link) {
  link.close_when_returned();
  if (!link.owes() || link.owed().front().statement == 0) return false;
  const auto* statement = statement_of(link.owed().front());
  if (statement == nullptr) return false;
  const bool came_later = link.is_older(statement->prepared->id, statement->parsed_at - 1);
  statement->prepared->outdated_at = worker_.loop().now().time_since_epoch().count();
  const auto* branch = branch_of(link);
  if (!came_later || branch == nullptr || !may_ask_again(*branch)) return false;
  is_outdated_ = true;
  link.mark_broken();
  return true;
}

}  // namespace shardway::proxy::postgres
