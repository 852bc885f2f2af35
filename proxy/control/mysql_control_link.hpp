// MysqlControlLink: a ControlLink through libmariadb's non-blocking calls.
// https://mariadb.com/kb/en/using-the-non-blocking-library/
#pragma once

#include <mysql.h>

#include <memory>
#include <string>

#include "proxy/control/control_link.hpp"

namespace shardway::proxy::control {

// What mysql_real_connect() is told; holds the password: never logged.
struct MysqlParameters {
  std::string host, socket, user, password, database;
  unsigned port = 0;
  config::Tls tls;
};
MysqlParameters mysql_parameters(const config::Database& database, const config::Address& address);

class MysqlControlLink final : public ControlLink {
 public:
  explicit MysqlControlLink(MysqlParameters parameters) : parameters_(std::move(parameters)) {}
  ~MysqlControlLink() override { close(); }

  void open(backend::SteadyNanos deadline) override;
  void close() noexcept override;
  void ask(const char* sql, backend::SteadyNanos deadline) override;
  int fd() const noexcept override;
  short events() const noexcept override;

 private:
  enum class Step : std::uint8_t { kConnect, kQuery, kStore, kNext };
  Event proceed(short happened) override;
  Event proceed_idle(short happened);
  void begin(Step step);
  void go_on(int ready);
  Event finish_step();
  Event fail_here();
  void set_options();

  MysqlParameters parameters_;
  MYSQL* connection_ = nullptr;
  Step step_ = Step::kConnect;
  int waits_ = 0;  // MYSQL_WAIT_…; 0: the step is over
  std::string question_;
  MYSQL* connected_ = nullptr;  // the steps' results
  MYSQL_RES* stored_ = nullptr;
  int outcome_ = 0;
};

}  // namespace shardway::proxy::control
