#include "proxy/admin/console.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "proxy/admin/commands.hpp"
#include "proxy/admin/driver_talk.hpp"
#include "proxy/admin/words.hpp"

namespace shardway::proxy::admin {

namespace {

// The command in an error text, cut at a character's border: nobody wants a megabyte back.
std::string quoted_for_error(std::string_view command) {
  constexpr std::size_t kLongest = 200;
  if (command.size() <= kLongest) return std::string(command);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(command[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{}…", command.substr(0, end));
}

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

// What is wrong with the database an action names; nothing if it may go on.
std::optional<Answer> check_database(const Action& action, const std::string& name, const config::Config& config) {
  if (config.database(name) != nullptr) return std::nullopt;
  if (name == "shardway" || name == "pgbouncer") {
    return failure("0A000", fmt::format("cannot {} admin db: {}", joined_lower({std::string(action.verb)}, 0), name));
  }
  return failure("3D000", fmt::format("no such database: {}", name));
}

bool is_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Answer> check_argument(const Action& action, const Words& words, std::string_view command,
                                     const config::Config& config) {
  const bool given = words.size() == 2;
  if (words.size() > 2) return invalid_command(command);
  switch (action.argument) {
    case Argument::kNone: return given ? std::optional(invalid_command(command)) : std::nullopt;
    case Argument::kDatabase:
      return given ? check_database(action, words[1], config) : failure("42601", "a database is required");
    case Argument::kDatabaseOrAll: return given ? check_database(action, words[1], config) : std::nullopt;
    case Argument::kClient:
      if (given && is_number(words[1])) return std::nullopt;
      return failure("42601", fmt::format("invalid client id '{}', SHOW CLIENTS has it", given ? words[1] : ""));
    case Argument::kHowToStop:
      if (!given || same_word(words[1], "wait_for_servers") || same_word(words[1], "wait_for_clients")) {
        return std::nullopt;
      }
      return invalid_command(command);
  }
  return invalid_command(command);
}

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
  if (auto problem = check_argument(action, words, command, *host.config())) return done(*std::move(problem));
  std::string argument = words.size() == 2 ? words[1] : "";
  if (action.argument == Argument::kHowToStop) argument = joined_lower(words, 1);
  action.run(host, argument, std::move(done));
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

std::optional<std::vector<Column>> describe(std::string_view command) {
  const auto words = split_words(command);
  if (!words) return std::nullopt;
  if (const auto answer = driver_talk(*words)) return answer->columns;
  if (const Show* show = find_show(*words)) return show->columns;
  if (same_word(words->front(), "set") || find_action(*words) != nullptr) return std::vector<Column>{};
  return std::nullopt;
}

}  // namespace shardway::proxy::admin
