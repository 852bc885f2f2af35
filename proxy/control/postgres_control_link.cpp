#include "proxy/control/postgres_control_link.hpp"

#include <poll.h>

#include <regex>
#include <string_view>

namespace shardway::proxy::control {
namespace {

struct ResultDeleter {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};

Rows rows_of(const PGresult* result) {
  Rows all;
  const int width = PQnfields(result);
  for (int column = 0; column < width; ++column) all.names.emplace_back(PQfname(result, column));
  all.rows.resize(static_cast<std::size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& cells = all.rows[static_cast<std::size_t>(row)];
    for (int column = 0; column < width; ++column) {
      cells.emplace_back();
      if (PQgetisnull(result, row, column) == 0) cells.back() = PQgetvalue(result, row, column);
    }
  }
  return all;
}

const char* ssl_mode(config::TlsMode mode) {
  switch (mode) {
    case config::TlsMode::kOff: return "disable";
    case config::TlsMode::kPrefer: return "prefer";
    case config::TlsMode::kRequire: return "require";
    case config::TlsMode::kVerifyCa: return "verify-ca";
    case config::TlsMode::kVerifyFull: return "verify-full";
  }
  return "verify-full";
}

// libpq names a Unix socket by its directory and by the number at the end of ".s.PGSQL.5432".
void add_address(ConnectParameters& parameters, const config::Address& address) {
  if (!address.is_unix) {
    parameters.emplace_back("host", address.host);
    parameters.emplace_back("port", std::to_string(address.port));
    return;
  }
  constexpr std::string_view kSocketName = "/.s.PGSQL.";
  const auto name = address.host.rfind(kSocketName);
  parameters.emplace_back("host", address.host.substr(0, name));
  if (name != std::string::npos) parameters.emplace_back("port", address.host.substr(name + kSocketName.size()));
}

}  // namespace

Refusal read_refusal(std::string_view verbose) {
  static const std::regex kCode(":  ([0-9A-Z]{5}): ");
  const std::string text(verbose.substr(0, verbose.find("\nLOCATION:  ")));
  std::smatch found;
  if (!std::regex_search(text, found, kCode)) return {{}, text};
  return {found[1], found.prefix().str() + ":  " + found.suffix().str()};
}

ConnectParameters connect_parameters(const config::Database& database, const config::Address& address) {
  const auto& on_servers = database.server_database.empty() ? database.name : database.server_database;
  ConnectParameters parameters;
  add_address(parameters, address);
  const auto add = [&parameters](const char* key, const std::string& value) {
    if (!value.empty()) parameters.emplace_back(key, value);
  };
  add("user", database.control.user);
  add("password", database.control.password);
  add("dbname", on_servers);  // whose catalogue is read; control.database would be another one's
  add("application_name", "shardway control");
  add("client_encoding", "UTF8");
  // What a type is called must not depend on the user's settings, nor a question on what stands in schema public.
  add("options", "-c statement_timeout=5000 -c search_path=pg_catalog -c jit=off");
  add("keepalives_idle", "5");
  add("keepalives_interval", "2");
  add("keepalives_count", "3");
  add("gssencmode", "disable");
  add("sslmode", ssl_mode(database.server_tls.mode));
  add("sslrootcert", database.server_tls.ca);
  add("sslcert", database.server_tls.certificate);
  add("sslkey", database.server_tls.key);
  return parameters;
}

void PostgresControlLink::open(backend::SteadyNanos deadline) {
  close();
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : parameters_) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  state_ = State::kConnecting;
  wants_ = PGRES_POLLING_WRITING;  // as libpq-connect asks: wait for writing before the first PQconnectPoll
  deadline_ = deadline;
  turned_away_ = false;
  sqlstate_.clear();
  if (!connection_) return;
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);  // for the SQLSTATE, which it does not say otherwise
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

void PostgresControlLink::close() noexcept {
  results_.clear();
  connection_.reset();
  state_ = State::kClosed;
  unsent_ = false;
  deadline_ = 0;
}

void PostgresControlLink::ask(const char* sql, backend::SteadyNanos deadline) {
  results_.clear();
  sqlstate_.clear();
  state_ = State::kBusy;
  deadline_ = deadline;
  unsent_ = PQsendQuery(connection_.get(), sql) == 0 || PQflush(connection_.get()) != 0;
}

int PostgresControlLink::fd() const noexcept { return connection_ ? PQsocket(connection_.get()) : -1; }

short PostgresControlLink::events() const noexcept {
  if (state_ == State::kConnecting) return wants_ == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  return static_cast<short>(unsent_ ? POLLIN | POLLOUT : POLLIN);
}

ControlLink::Event PostgresControlLink::proceed(short happened) {
  return state_ == State::kConnecting ? proceed_connecting(happened) : proceed_open(happened);
}

ControlLink::Event PostgresControlLink::proceed_connecting(short happened) {
  if (!connection_) return fail("out of memory");
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return fail_to_connect();
  if (happened == 0) return Event::kNothing;
  wants_ = PQconnectPoll(connection_.get());
  if (wants_ == PGRES_POLLING_FAILED) return fail_to_connect();
  if (wants_ != PGRES_POLLING_OK) return Event::kNothing;
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetnonblocking(connection_.get(), 1);
  state_ = State::kIdle;
  deadline_ = 0;
  return Event::kConnected;
}

ControlLink::Event PostgresControlLink::fail_to_connect() {
  auto refusal = read_refusal(PQerrorMessage(connection_.get()));
  turned_away_ = !refusal.sqlstate.empty() && !refusal.sqlstate.starts_with("57P");
  return fail(one_line(refusal.message.c_str()));
}

ControlLink::Event PostgresControlLink::proceed_open(short happened) {
  if (unsent_) {
    const auto left = PQflush(connection_.get());
    if (left < 0) return fail(one_line(PQerrorMessage(connection_.get())));
    unsent_ = left > 0;
  }
  if (happened == 0) return Event::kNothing;
  if (PQconsumeInput(connection_.get()) == 0) return fail(one_line(PQerrorMessage(connection_.get())));
  if (state_ == State::kBusy) return collect();
  // Idle: a parameter's new value, a notice, or the server's farewell; PQisBusy reads it.
  PQisBusy(connection_.get());
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return fail("the server closed the connection");
  return Event::kNothing;
}

ControlLink::Event PostgresControlLink::collect() {
  while (PQisBusy(connection_.get()) == 0) {
    const std::unique_ptr<PGresult, ResultDeleter> result(PQgetResult(connection_.get()));
    if (!result) {
      state_ = State::kIdle;
      deadline_ = 0;
      return Event::kAnswered;
    }
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      sqlstate_ = sqlstate == nullptr ? "" : sqlstate;
      return fail(one_line(PQresultErrorMessage(result.get())));
    }
    results_.push_back(rows_of(result.get()));
  }
  return Event::kNothing;
}

}  // namespace shardway::proxy::control
