#include "proxy/control/mysql_control_link.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace shardway::proxy::control {
namespace {

// What a question means must not depend on the server's settings; it must end before its asker gives up.
constexpr char kSetup[] =
    "SET SESSION sql_mode = '', lock_wait_timeout = 2, session_track_state_change = 0"
    "/*M! , max_statement_time = 5 *//*!50708 , max_execution_time = 5000 */";

constexpr unsigned kFirstOfTheClient = 2000;  // errors below are a server's word
constexpr unsigned kShutdown = 1053;

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

Rows rows_of(MYSQL_RES* result) {
  Rows all;
  const auto width = mysql_num_fields(result);
  const auto* fields = mysql_fetch_fields(result);
  for (unsigned i = 0; i < width; ++i) all.names.emplace_back(fields[i].name);
  while (auto* row = mysql_fetch_row(result)) {
    const auto* lengths = mysql_fetch_lengths(result);
    auto& cells = all.rows.emplace_back();
    for (unsigned i = 0; i < width; ++i) {
      cells.emplace_back();
      if (row[i] != nullptr) cells.back() = std::string(row[i], lengths[i]);
    }
  }
  return all;
}

}  // namespace

MysqlParameters mysql_parameters(const config::Database& database, const config::Address& address) {
  MysqlParameters parameters;
  (address.is_unix ? parameters.socket : parameters.host) = address.host;
  parameters.port = address.port;
  parameters.user = database.control.user;
  parameters.password = database.control.password;
  parameters.database = database.server_database.empty() ? database.name : database.server_database;
  parameters.tls = database.server_tls;
  return parameters;
}

void MysqlControlLink::set_options() {
  const unsigned off = 0;
  mysql_options(connection_, MYSQL_OPT_NONBLOCK, nullptr);
  mysql_options(connection_, MYSQL_OPT_LOCAL_INFILE, &off);
  mysql_options(connection_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(connection_, MYSQL_INIT_COMMAND, kSetup);
  const auto& tls = parameters_.tls;
  if (tls.mode == config::TlsMode::kOff) return;
  mysql_ssl_set(connection_, or_null(tls.key), or_null(tls.certificate), or_null(tls.ca), nullptr, nullptr);
  const my_bool enforce = tls.mode == config::TlsMode::kPrefer ? 0 : 1;
  mysql_options(connection_, MYSQL_OPT_SSL_ENFORCE, &enforce);
  const my_bool verify = tls.mode == config::TlsMode::kVerifyFull ? 1 : 0;
  mysql_options(connection_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

void MysqlControlLink::open(backend::SteadyNanos deadline) {
  close();
  sqlstate_.clear();
  turned_away_ = false;
  connection_ = mysql_init(nullptr);
  state_ = State::kConnecting;
  deadline_ = deadline;
  if (connection_ == nullptr) return;
  set_options();
  begin(Step::kConnect);
}

// A step under way is cut off first: the library's farewell must not wait for a server that says nothing.
void MysqlControlLink::close() noexcept {
  if (connection_ != nullptr) {
    if (waits_ != 0) ::shutdown(static_cast<int>(mysql_get_socket(connection_)), SHUT_RDWR);
    mysql_close(connection_);
  }
  connection_ = nullptr;
  results_.clear();
  state_ = State::kClosed;
  deadline_ = 0;
  waits_ = 0;
}

void MysqlControlLink::ask(const char* sql, backend::SteadyNanos deadline) {
  results_.clear();
  sqlstate_.clear();
  question_ = sql;
  state_ = State::kBusy;
  deadline_ = deadline;
  begin(Step::kQuery);
}

int MysqlControlLink::fd() const noexcept {
  return connection_ == nullptr ? -1 : static_cast<int>(mysql_get_socket(connection_));
}

short MysqlControlLink::events() const noexcept {
  if (state_ == State::kIdle) return POLLIN;
  if (waits_ == 0) return POLLOUT;  // the step is over already: come back at once
  const int reading = (waits_ & MYSQL_WAIT_READ) != 0 ? POLLIN : 0;
  const int writing = (waits_ & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0;
  return static_cast<short>(reading | writing);
}

void MysqlControlLink::begin(Step step) {
  step_ = step;
  switch (step) {
    case Step::kConnect:
      waits_ = mysql_real_connect_start(&connected_, connection_, or_null(parameters_.host), parameters_.user.c_str(),
                                        parameters_.password.c_str(), parameters_.database.c_str(), parameters_.port,
                                        or_null(parameters_.socket), CLIENT_MULTI_STATEMENTS);
      return;
    case Step::kQuery:
      waits_ = mysql_real_query_start(&outcome_, connection_, question_.data(), question_.size());
      return;
    case Step::kStore: waits_ = mysql_store_result_start(&stored_, connection_); return;
    case Step::kNext: waits_ = mysql_next_result_start(&outcome_, connection_); return;
  }
}

void MysqlControlLink::go_on(int ready) {
  switch (step_) {
    case Step::kConnect: waits_ = mysql_real_connect_cont(&connected_, connection_, ready); return;
    case Step::kQuery: waits_ = mysql_real_query_cont(&outcome_, connection_, ready); return;
    case Step::kStore: waits_ = mysql_store_result_cont(&stored_, connection_, ready); return;
    case Step::kNext: waits_ = mysql_next_result_cont(&outcome_, connection_, ready); return;
  }
}

ControlLink::Event MysqlControlLink::proceed(short happened) {
  if (connection_ == nullptr) return fail("out of memory");
  if (state_ == State::kIdle) return proceed_idle(happened);
  if (waits_ != 0) {
    if (happened == 0) return Event::kNothing;
    const bool broken = (happened & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    go_on(broken
              ? waits_
              : ((happened & POLLIN) != 0 ? MYSQL_WAIT_READ : 0) | ((happened & POLLOUT) != 0 ? MYSQL_WAIT_WRITE : 0));
  }
  auto event = Event::kNothing;
  while (waits_ == 0 && event == Event::kNothing) event = finish_step();
  return event;
}

// An idle server says nothing but its farewell.
ControlLink::Event MysqlControlLink::proceed_idle(short happened) {
  return happened == 0 ? Event::kNothing : fail("the server closed the connection");
}

ControlLink::Event MysqlControlLink::fail_here() {
  const auto code = mysql_errno(connection_);
  turned_away_ = state_ == State::kConnecting && code < kFirstOfTheClient && code != kShutdown;
  sqlstate_ = state_ == State::kBusy && mysql_errno(connection_) < 2000 ? mysql_sqlstate(connection_) : "";
  return fail(one_line(mysql_error(connection_)));
}

// The step under way is over: what came of it, or the next one.
ControlLink::Event MysqlControlLink::finish_step() {
  switch (step_) {
    case Step::kConnect:
      if (connected_ == nullptr) return fail_here();
      state_ = State::kIdle;
      deadline_ = 0;
      return Event::kConnected;
    case Step::kQuery:
    case Step::kNext:
      if (outcome_ != 0) return fail_here();
      begin(Step::kStore);
      return Event::kNothing;
    case Step::kStore: break;
  }
  if (stored_ == nullptr && mysql_errno(connection_) != 0) return fail_here();
  results_.push_back(stored_ == nullptr ? Rows() : rows_of(stored_));
  if (stored_ != nullptr) mysql_free_result(stored_);
  stored_ = nullptr;
  if (mysql_more_results(connection_) != 0) {
    begin(Step::kNext);
    return Event::kNothing;
  }
  state_ = State::kIdle;
  deadline_ = 0;
  return Event::kAnswered;
}

}  // namespace shardway::proxy::control
