#include "proxy/control/switchover_recipe.hpp"

#include "proxy/control/node_watch.hpp"

namespace shardway::proxy::control::switchover {

Outcome failed(std::string why) { return {Result::kFailed, std::move(why)}; }

Outcome gave_up(const Patience& patience, std::string why) {
  if (patience.stopping != nullptr && patience.stopping->load()) return {Result::kStopped, std::move(why)};
  return {patience.is_over() ? Result::kLate : Result::kFailed, std::move(why)};
}

Patience for_commands(const Cast& cast, const Patience& patience) {
  const auto time = cast.database->switchover.command_timeout / std::chrono::nanoseconds(1);
  return {steady_now() + time, patience.stopping};
}

CommandEnd run_operators_command(const Cast& cast, const std::string& command, const Patience& patience) {
  const auto& old = cast.old_primary;
  const auto& now = cast.target;
  const config::Placeholders values{{"host", old.host},
                                    {"port", std::to_string(old.port)},
                                    {"new_host", now.host},
                                    {"new_port", std::to_string(now.port)}};
  const auto words = config::split_command(command).value_or(config::CommandWords());
  static const std::atomic<bool> never{false};
  return run_command(config::fill_in(words, values), patience.until,
                     patience.stopping == nullptr ? never : *patience.stopping);
}

std::unique_ptr<Recipe> make_recipe(const Cast& cast) {
  return cast.database->protocol == config::Protocol::kMysql ? make_mysql_recipe(cast) : make_postgres_recipe(cast);
}

std::vector<Lack> lacks(const Cast& cast, const Patience& patience) {
  return cast.database->protocol == config::Protocol::kMysql ? mysql_lacks(cast, patience)
                                                             : postgres_lacks(cast, patience);
}

}  // namespace shardway::proxy::control::switchover
