#include "proxy/admin/console.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "proxy/admin/commands.hpp"
#include "proxy/admin/driver_talk.hpp"
#include "proxy/admin/words.hpp"

namespace shardway::proxy::admin {

namespace {

Answer invalid_command(std::string_view command) {
  return failure("42601", fmt::format("invalid command '{}', use SHOW HELP;", quoted_for_error(command)));
}

Answer admin_needed() { return failure("42501", "admin access needed"); }

template <typename Table>
auto find_named(const Table& table, std::string_view Table::value_type::*name, std::string_view word) -> const
    typename Table::value_type* {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& c) { return same_word(c.*name, word); });
  return found == table.end() ? nullptr : &*found;
}

const Show* find_show(const Words& words) {
  const bool asks = words.size() == 2 && (same_word(words[0], "show") || same_word(words[0], "select"));
  return asks ? find_named(shows(), &Show::name, words[1]) : nullptr;
}

const Action* find_action(const Words& words) { return find_named(actions(), &Action::verb, words[0]); }

Answer shown(const Show& show, const stats::Report& report, const config::Config& config) {
  Answer answer = success("SHOW");
  answer.columns = show.columns;
  answer.rows = show.rows(Moment{report, config});
  return answer;
}

void run_show(Host& host, const Show& show, Done done) {
  auto config = host.config();
  if (show.needs == Needs::kConfig) return done(shown(show, {}, *config));
  host.collect(show.needs == Needs::kClients, [&show, config = std::move(config), done = std::move(done)](
                                                  const stats::Report& report) { done(shown(show, report, *config)); });
}

void run_action(Host& host, const Action& action, const Words& words, std::string_view command, Done done) {
  auto read = read_order(action.argument, words, command, *host.config());
  if (auto* problem = std::get_if<Answer>(&read)) return done(std::move(*problem));
  action.run(host, std::get<Order>(read), std::move(done));
}

}  // namespace

void execute(Host& host, std::string_view command, bool may_change, std::function<void(Answer)> done) {
  const auto words = split_words(command);
  if (!words) return done(invalid_command(command));
  if (auto answer = driver_talk(*words)) return done(*std::move(answer));
  if (const Show* show = find_show(*words)) {
    if (show->may_change && !may_change) return done(admin_needed());
    return run_show(host, *show, std::move(done));
  }
  const bool sets = same_word(words->front(), "set");
  const Action* action = find_action(*words);
  if (action == nullptr && !sets) return done(invalid_command(command));
  if (!may_change) return done(admin_needed());
  if (sets) return done(failure("0A000", "SET is not supported here: edit the configuration file, then RELOAD"));
  run_action(host, *action, *words, command, std::move(done));
}

bool is_action(std::string_view command) {
  const auto words = split_words(command);
  return words && !words->empty() && find_action(*words) != nullptr;
}

std::optional<std::vector<Column>> describe(std::string_view command) {
  const auto words = split_words(command);
  if (!words) return std::nullopt;
  if (const auto answer = driver_talk(*words)) return answer->columns;
  if (const Show* show = find_show(*words)) return show->columns;
  if (same_word(words->front(), "set")) return std::vector<Column>{};
  if (const Action* action = find_action(*words)) return action->columns;
  return std::nullopt;
}

}  // namespace shardway::proxy::admin
