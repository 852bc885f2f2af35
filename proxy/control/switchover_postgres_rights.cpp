#include <libpq-fe.h>

#include "proxy/control/postgres_control_link.hpp"
#include "proxy/control/switchover_postgres.hpp"

namespace shardway::proxy::control::switchover {
namespace {

constexpr unsigned long kParameterGrants = 150'000;  // GRANT … ON PARAMETER

std::string quoted_value(const char* value) {
  std::string quoted = "'";
  for (const char* c = value; *c != '\0'; ++c) {
    if (*c == '\'' || *c == '\\') quoted += '\\';
    quoted += *c;
  }
  return quoted + "'";
}

std::string quoted_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

void add(std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; }

std::optional<PostgresRights> ask_rights(const Cast& cast, const Patience& patience) {
  Line line(*cast.database, cast.old_primary);
  const auto about = line.ask(
      "SELECT current_user, current_database(), current_setting('server_version_num'),"
      " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
      " has_function_privilege('pg_promote(boolean, integer)', 'EXECUTE'),"
      " has_function_privilege('pg_reload_conf()', 'EXECUTE'),"
      " pg_has_role('pg_read_all_settings', 'USAGE'), pg_has_role('pg_signal_backend', 'USAGE')",
      patience);
  if (!about) return std::nullopt;
  const auto is = [&](std::size_t column) { return about->text(0, column) == "t"; };
  PostgresRights rights{
      about->text(0, 0), about->text(0, 1), about->number(0, 2), is(3), is(4), is(5), is(6), is(7), is(3), is(3)};
  if (rights.version < kParameterGrants) return rights;
  const auto parameters = line.ask(
      "SELECT has_parameter_privilege('primary_conninfo', 'ALTER SYSTEM'),"
      " has_parameter_privilege('default_transaction_read_only', 'ALTER SYSTEM')",
      patience);
  if (!parameters) return std::nullopt;
  rights.sets_conninfo = parameters->text(0, 0) == "t";
  rights.sets_read_only = parameters->text(0, 1) == "t";
  return rights;
}

}  // namespace

HostAndPort target_parameters(const Cast& cast) {
  HostAndPort found;
  for (const auto& [key, value] : connect_parameters(*cast.database, cast.target)) {
    if (key == std::string_view("host")) found.host = value;
    if (key == std::string_view("port")) found.port = value;
  }
  return found;
}

std::optional<std::string> points_at(const std::string& conninfo, const HostAndPort& where) {
  auto* const options = PQconninfoParse(conninfo.c_str(), nullptr);
  if (options == nullptr) return std::nullopt;
  std::string text = "host=" + quoted_value(where.host.c_str()) + " port=" + quoted_value(where.port.c_str());
  for (const auto* option = options; option->keyword != nullptr; ++option) {
    const std::string_view key = option->keyword;
    if (option->val == nullptr || key == "host" || key == "hostaddr" || key == "port") continue;
    text.append(" ").append(key).append("=") += quoted_value(option->val);
  }
  PQconninfoFree(options);
  return text;
}

std::vector<Lack> judge(const PostgresRights& rights, const Cast& cast) {
  const auto& commands = cast.database->switchover;
  const bool closes = commands.stop.empty(), points = !cast.others.empty();
  if (rights.is_superuser || !commands.command.empty()) return {};
  std::string functions, parameters, roles;
  if (commands.promote.empty() && !rights.promotes) add(functions, "pg_promote(boolean, integer)");
  if ((closes || points) && !rights.reloads) add(functions, "pg_reload_conf()");
  if (points && !rights.sets_conninfo) add(parameters, "primary_conninfo");
  if (closes && !rights.sets_read_only) add(parameters, "default_transaction_read_only");
  if (points && !rights.reads_settings) add(roles, "pg_read_all_settings");
  if (closes && !rights.ends_sessions) add(roles, "pg_signal_backend");
  std::string lacking, grants;
  const auto user = quoted_name(rights.user);
  const auto lack = [&](const std::string& what, const std::string& grant) {
    if (what.empty()) return;
    add(lacking, what);
    grants += (grants.empty() ? "" : "; ") + grant;
  };
  lack(functions.empty() ? "" : "EXECUTE on " + functions, "GRANT EXECUTE ON FUNCTION " + functions + " TO " + user);
  lack(parameters.empty() ? "" : "ALTER SYSTEM on " + parameters,
       rights.version < kParameterGrants ? "ALTER ROLE " + user + " SUPERUSER"
                                         : "GRANT ALTER SYSTEM ON PARAMETER " + parameters + " TO " + user);
  lack(roles.empty() ? "" : "membership of " + roles, "GRANT " + roles + " TO " + user);
  if (lacking.empty()) return {};
  return {{"shard \"" + cast.shard + "\", node " + cast.old_primary.text + ": control user " + user +
               " cannot switch it over: it lacks " + lacking,
           "run there in database " + quoted_name(rights.database) + " as a superuser: " + grants}};
}

std::vector<Lack> postgres_lacks(const Cast& cast, const Patience& patience) {
  const auto rights = ask_rights(cast, patience);
  return rights ? judge(*rights, cast) : std::vector<Lack>();
}

}  // namespace shardway::proxy::control::switchover
