#include "proxy/control/control_link.hpp"

#include "proxy/control/mysql_control_link.hpp"
#include "proxy/control/postgres_control_link.hpp"

namespace shardway::proxy::control {

ControlLink::Event ControlLink::advance(short happened, backend::SteadyNanos now) {
  if (state_ == State::kClosed) return Event::kNothing;
  const auto event = proceed(happened);
  if (event == Event::kNothing && deadline_ != 0 && now >= deadline_) {
    return fail(state_ == State::kConnecting ? "no connection in time" : "no answer in time", Event::kTimedOut);
  }
  return event;
}

ControlLink::Event ControlLink::fail(std::string error, Event event) {
  error_ = std::move(error);
  close();
  return event;
}

std::string one_line(const char* text) {
  std::string line;
  for (const char* c = text; *c != '\0'; ++c)
    line += *c == '"' ? '\'' : static_cast<unsigned char>(*c) < ' ' ? ' ' : *c;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::unique_ptr<ControlLink> make_control_link(const config::Database& database, const config::Address& address) {
  if (database.protocol == config::Protocol::kMysql)
    return std::make_unique<MysqlControlLink>(mysql_parameters(database, address));
  return std::make_unique<PostgresControlLink>(connect_parameters(database, address));
}

}  // namespace shardway::proxy::control
