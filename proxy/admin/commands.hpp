// Commands: the two tables the console is made of: what can be shown, and what can be done. SHOW HELP, describe(),
// execute() and the tests all read them; a new command is a new line in commands.cpp and a function.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/console.hpp"
#include "proxy/admin/order.hpp"
#include "proxy/admin/rows.hpp"

namespace shardway::proxy::admin {

using Done = std::function<void(Answer)>;

// What a SHOW looks at. Valid during the call.
struct Moment {
  const stats::Report& report;
  const config::Config& config;
};

enum class Needs : std::uint8_t { kConfig, kReport, kClients };  // kClients: a Report with its client rows

struct Show {
  std::string_view name;  // upper case
  Needs needs = Needs::kReport;
  std::vector<Column> columns;
  Rows (*rows)(const Moment&) = nullptr;
  std::string_view does;
  bool may_change = false;  // only for [admin] users, although it changes nothing
};

struct Action {
  std::string_view verb;  // upper case; also the tag of its answer
  Argument argument = Argument::kNone;
  void (*run)(Host& host, const Order& order, Done done) = nullptr;
  std::string_view does;
  std::vector<Column> columns = {};  // none: only a tag
};

const std::vector<Show>& shows();
const std::vector<Action>& actions();

Answer failure(std::string_view sqlstate, std::string text);
Answer success(std::string_view tag);

}  // namespace shardway::proxy::admin
