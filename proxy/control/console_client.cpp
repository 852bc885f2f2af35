#include "proxy/control/console_client.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

namespace shardway::proxy::control {
namespace {

struct Deleter {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Deleter>;

// A wildcard is where it listens; where it answers, too.
std::string host_of(const config::Address& address) {
  if (address.is_unix) return address.host.substr(0, address.host.rfind("/.s.PGSQL."));
  if (address.host == "0.0.0.0" || address.host.empty()) return "127.0.0.1";
  return address.host == "::" ? "::1" : address.host;
}

std::string port_of(const config::Address& address) {
  const auto dot = address.host.rfind('.');
  return address.is_unix ? address.host.substr(dot == std::string::npos ? 0 : dot + 1) : std::to_string(address.port);
}

Connection connect(const ConsoleAddress& where) {
  const std::string host = host_of(where.address), port = port_of(where.address);
  std::vector<const char*> keys{"host", "port", "user", "dbname", "application_name", "connect_timeout", "gssencmode"};
  std::vector<const char*> values{host.c_str(),          port.c_str(), where.user.c_str(), "shardway",
                                  "shardway switchover", "10",         "disable"};
  if (!where.password.empty()) {
    keys.push_back("password");
    values.push_back(where.password.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  return Connection(PQconnectdbParams(keys.data(), values.data(), 0));
}

// libpq's words without the space at their end.
std::string text_of(const char* words) {
  std::string text = words;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void hand_on(const PGresult* result, const std::function<void(const Cells&)>& each_row) {
  for (int row = 0; row < PQntuples(result); ++row) {
    Cells cells;
    for (int column = 0; column < PQnfields(result); ++column) {
      cells.emplace_back();
      if (PQgetisnull(result, row, column) == 0) cells.back() = PQgetvalue(result, row, column);
    }
    each_row(cells);
  }
}

}  // namespace

std::string find_console(const config::Config& config, const std::string& user, ConsoleAddress& found) {
  const auto listen = std::find_if(config.listen.begin(), config.listen.end(),
                                   [](const auto& l) { return l.protocol == config::Protocol::kPostgresql; });
  if (listen == config.listen.end())
    return "no [[listen]] speaks PostgreSQL's protocol: the console is reached by that alone";
  found.address = listen->address;
  const auto& admins = config.admin.users;
  if (admins.empty()) return "[admin] has no users: nobody may change anything on the console";
  if (!user.empty() && std::find(admins.begin(), admins.end(), user) == admins.end())
    return "\"" + user + "\" is none of [admin] users";
  found.user = user.empty() ? admins.front() : user;
  for (const auto& name : admins) {
    const auto* known = config.user(name);
    const bool is_clear = known != nullptr && !known->password.empty() &&
                          !known->password.starts_with("SCRAM-SHA-256$") && !known->password.starts_with("md5");
    if (!is_clear || (!user.empty() && name != user)) continue;
    found.user = name;
    found.password = known->password;
    break;
  }
  return {};
}

std::string run_on_console(const ConsoleAddress& where, const std::string& command,
                           const std::function<void(const Cells&)>& each_row) {
  const auto connection = connect(where);
  if (PQstatus(connection.get()) != CONNECTION_OK) return text_of(PQerrorMessage(connection.get()));
  if (PQsendQuery(connection.get(), command.c_str()) == 0) return text_of(PQerrorMessage(connection.get()));
  PQsetSingleRowMode(connection.get());
  std::string error;
  for (;;) {
    const std::unique_ptr<PGresult, Deleter> result(PQgetResult(connection.get()));
    if (!result) return error;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK)
      hand_on(result.get(), each_row);
    else if (status != PGRES_COMMAND_OK)
      error = text_of(PQresultErrorMessage(result.get()));
  }
}

}  // namespace shardway::proxy::control
