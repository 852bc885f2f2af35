// PostgresControlLink: a ControlLink through libpq. https://www.postgresql.org/docs/15/libpq-async.html
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/control/control_link.hpp"

namespace shardway::proxy::control {

// libpq's keywords and values (PQconnectStartParams); holds the password: never logged.
using ConnectParameters = std::vector<std::pair<std::string, std::string>>;
ConnectParameters connect_parameters(const config::Database& database, const config::Address& address);

// An error message of libpq in its verbose form: the server's SQLSTATE, empty if it was libpq that failed; and the
// message without it, and without where in the server's source it was raised.
struct Refusal {
  std::string sqlstate, message;
};
Refusal read_refusal(std::string_view verbose);

class PostgresControlLink final : public ControlLink {
 public:
  explicit PostgresControlLink(ConnectParameters parameters) : parameters_(std::move(parameters)) {}

  void open(backend::SteadyNanos deadline) override;
  void close() noexcept override;
  void ask(const char* sql, backend::SteadyNanos deadline) override;
  int fd() const noexcept override;
  short events() const noexcept override;

 private:
  struct ConnectionDeleter {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
  };
  Event proceed(short happened) override;
  Event proceed_connecting(short happened);
  Event proceed_open(short happened);
  Event collect();
  Event fail_to_connect();

  ConnectParameters parameters_;
  std::unique_ptr<PGconn, ConnectionDeleter> connection_;
  PostgresPollingStatusType wants_ = PGRES_POLLING_WRITING;  // while connecting
  bool unsent_ = false;                                      // while busy: libpq still holds bytes of the question
};

}  // namespace shardway::proxy::control
