#include <fmt/core.h>

#include <array>
#include <set>

#include "proxy/admin/show.hpp"
#include "proxy/admin/stats_window.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;
using stats::DatabaseCounters;

// What an average is taken over: counts per second, times per thing that took the time.
enum class Per : std::uint8_t { kSecond, kTransaction, kQuery, kAssignment };

// One number under the names PgBouncer has for it in its four commands.
struct Figure {
  std::string_view total, average;  // SHOW STATS, without total_ and avg_
  std::string_view totals;          // SHOW STATS_TOTALS
  std::string_view averages;        // SHOW STATS_AVERAGES
  std::string_view row;             // SHOW TOTALS, without total_ and avg_
  std::uint64_t DatabaseCounters::*value;
  Per per = Per::kSecond;
};

constexpr std::array<Figure, 12> kFigures = {{
    {"server_assignment_count", "server_assignment_count", "server_assignment_count", "server_assignment_count",
     "server_assignment_count", &DatabaseCounters::server_assignments},
    {"xact_count", "xact_count", "xact_count", "xact_count", "xact_count", &DatabaseCounters::transactions},
    {"query_count", "query_count", "query_count", "query_count", "query_count", &DatabaseCounters::queries},
    {"received", "recv", "bytes_received", "bytes_received", "client_bytes", &DatabaseCounters::received_bytes},
    {"sent", "sent", "bytes_sent", "bytes_sent", "server_bytes", &DatabaseCounters::sent_bytes},
    {"xact_time", "xact_time", "xact_time", "xact_time", "xact_time", &DatabaseCounters::transaction_us,
     Per::kTransaction},
    {"query_time", "query_time", "query_time", "query_time", "query_time", &DatabaseCounters::query_us, Per::kQuery},
    {"wait_time", "wait_time", "wait_time", "wait_time", "wait_time", &DatabaseCounters::wait_us, Per::kAssignment},
    {"client_parse_count", "client_parse_count", "client_parse_count", "avg_client_parse_count",
     "ps_client_parse_count", &DatabaseCounters::client_parses},
    {"server_parse_count", "server_parse_count", "server_parse_count", "avg_server_parse_count",
     "ps_server_parse_count", &DatabaseCounters::server_parses},
    {"bind_count", "bind_count", "bind_count", "avg_bind_count", "ps_bind_count", &DatabaseCounters::binds},
    {"client_login_count", "client_login_count", "client_login_count", "avg_client_login_count", "client_login_count",
     &DatabaseCounters::client_logins},
}};

std::vector<Column> database_and(
    std::initializer_list<std::pair<std::string_view, std::string_view Figure::*>> groups) {
  std::vector<Column> columns{{"database"}};
  for (const auto& [prefix, name] : groups) {
    for (const Figure& figure : kFigures) columns.push_back({fmt::format("{}{}", prefix, figure.*name), kNumeric});
  }
  return columns;
}

// A counter never goes back, but a database may be removed and come again between two samples.
std::uint64_t grown(const Figure& figure, const DatabaseCounters& now, const DatabaseCounters& before) {
  const std::uint64_t new_value = now.*figure.value, old_value = before.*figure.value;
  return new_value > old_value ? new_value - old_value : 0;
}

std::uint64_t average(const Figure& figure, const DatabaseCounters& now, const DatabaseCounters& before,
                      std::uint64_t window_us) {
  const std::uint64_t grew = grown(figure, now, before);
  const auto over = [&](std::size_t count) {
    const std::uint64_t n = grown(kFigures.at(count), now, before);
    return n == 0 ? 0 : grew / n;
  };
  switch (figure.per) {
    case Per::kAssignment: return over(0);
    case Per::kTransaction: return over(1);
    case Per::kQuery: return over(2);
    case Per::kSecond: break;
  }
  if (window_us == 0) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(grew) * 1e6 / static_cast<double>(window_us));
}

struct Compared {
  StatsWindow::Sample before;
  std::uint64_t window_us = 0;
};

// The one place of the console that remembers something: what the averages are taken over, whoever asks.
Compared compared_with_before(const stats::Report& report) {
  static StatsWindow window;
  Compared compared{window.baseline(report), 0};
  compared.window_us = report.uptime_us - compared.before.uptime_us;
  return compared;
}

DatabaseCounters counters_of(const std::map<std::string, DatabaseCounters>& counters, const std::string& database) {
  const auto found = counters.find(database);
  return found == counters.end() ? DatabaseCounters{} : found->second;
}

std::set<std::string> database_names(const stats::Report& report) {
  std::set<std::string> names;
  for (const stats::DatabaseRow& d : report.databases) names.insert(d.name);
  for (const auto& [name, counters] : report.counters) names.insert(name);
  return names;
}

Rows rows_with(const Moment& now, bool totals, bool averages) {
  const Compared compared = compared_with_before(now.report);
  Rows rows;
  for (const std::string& name : database_names(now.report)) {
    const DatabaseCounters current = counters_of(now.report.counters, name);
    const DatabaseCounters before = counters_of(compared.before.counters, name);
    Row cells = row(name);
    for (const Figure& f : kFigures) {
      if (totals) cells.push_back(cell(current.*f.value));
    }
    for (const Figure& f : kFigures) {
      if (averages) cells.push_back(cell(average(f, current, before, compared.window_us)));
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

Rows stats_rows(const Moment& now) { return rows_with(now, true, true); }
Rows totals_rows(const Moment& now) { return rows_with(now, true, false); }
Rows averages_rows(const Moment& now) { return rows_with(now, false, true); }

Rows total_rows(const Moment& now) {
  const Compared compared = compared_with_before(now.report);
  DatabaseCounters current, before;
  for (const auto& [name, counters] : now.report.counters) current += counters;
  for (const auto& [name, counters] : compared.before.counters) before += counters;
  Rows rows;
  for (const Figure& f : kFigures) rows.push_back(row(fmt::format("total_{}", f.row), current.*f.value));
  for (const Figure& f : kFigures) {
    rows.push_back(row(fmt::format("avg_{}", f.row), average(f, current, before, compared.window_us)));
  }
  return rows;
}

}  // namespace

Show show_stats() {
  return {"STATS", Needs::kReport, database_and({{"total_", &Figure::total}, {"avg_", &Figure::average}}), stats_rows,
          "what each database did since the start, and on average in the last minute or two; times in microseconds"};
}

Show show_stats_totals() {
  return {"STATS_TOTALS", Needs::kReport, database_and({{"", &Figure::totals}}), totals_rows,
          "the totals of SHOW STATS"};
}

Show show_stats_averages() {
  return {"STATS_AVERAGES", Needs::kReport, database_and({{"", &Figure::averages}}), averages_rows,
          "the averages of SHOW STATS"};
}

Show show_totals() {
  return {
      "TOTALS", Needs::kReport, {{"name"}, {"value", kNumeric}}, total_rows, "SHOW STATS summed over the databases"};
}

}  // namespace shardway::proxy::admin
