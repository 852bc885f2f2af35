#include <algorithm>

#include "router/key_values.hpp"
#include "router/numbering.hpp"
#include "router/rules.hpp"

namespace shardway::router {

namespace {

// What the rows of an INSERT give the AUTO_INCREMENT column.
struct Given {
  bool is_certain = true;            // what follows is all of it
  std::size_t generated = 0;         // rows that get a number
  std::vector<std::string> numbers;  // of the others
};

Given given_by(const Case& c, const NumberedRows& rows) {
  Given given;
  given.is_certain = c.statement.kind == StatementKind::kWrite;  // else it was not understood to its end
  if (rows.leaves_out) {
    given.generated = std::max<std::size_t>(rows.rows, 1);
    return given;
  }
  for (const auto& value : rows.values) {
    auto number = mysql_integer(value, c.values, c.session);
    if (number.is_null || (number.digits == "0" && !c.session.mysql.zero_is_number))
      ++given.generated;
    else if (number.digits.empty())
      given.is_certain = false;
    else
      given.numbers.push_back(std::move(number.digits));
  }
  given.is_certain = given.is_certain && rows.rows > 0 && rows.values.size() == rows.rows;
  return given;
}

class Numbers {
 public:
  Numbers(const Case& c, Plan made)
      : rows_(*c.statement.numbered), given_(given_by(c, rows_)), topology_(c.topology), made_(std::move(made)) {}

  Plan on_one_shard() {
    if (rows_.is_key) return of_keys();
    const auto& numberings = topology_.catalog->numberings;
    const auto found = collision(numberings, topology_.shards);
    const auto shard = made_.shards.front();
    if (found && rows_.is_accepted) return std::move(made_);
    if (found) return no(FaultReason::kTableRefused, "could be given twice: " + found->message, found->hint);
    if (!rows_.is_accepted) {
      if (!given_.is_certain) return unclear();
      for (const auto& number : given_.numbers)
        if (!holds(rows_.type, number) || !gives(numberings[shard], number)) return foreign(number, shard);
    }
    return numbered(numberings[shard]);
  }

  // The first copy's numbers become the others' (proxy/mysql/session_spread.cpp): the first one is told of, and the
  // rest must follow from it.
  Plan on_every_copy(bool is_explained) {
    if (given_.generated == 0 && given_.is_certain) return std::move(made_);
    if (!given_.is_certain || !given_.numbers.empty())
      return may_differ("of some rows only, or given as no constants,", "give the numbers of all rows, or of none");
    if (rows_.ignores || rows_.updates)
      return may_differ("with IGNORE or ON DUPLICATE KEY UPDATE", "give the number of every row");
    if (rows_.has_triggers) return may_differ("of a table with triggers", "give the number of every row");
    if (is_explained) return may_differ("under ANALYZE", "run the statement alone");
    made_.numbers = true;
    if (rows_.rows == 1) return std::move(made_);
    const auto shard = made_.shards.front();
    made_.numbering = topology_.catalog->numberings[shard];
    // A server takes no notice of an offset above the increment.
    if (made_.numbering.increment == 0 || made_.numbering.offset > made_.numbering.increment)
      return no(
          FaultReason::kTableRefused,
          "do not follow from the first row's: shard \"" + topology_.shards[shard] + "\" has " + shown(made_.numbering),
          "set auto_increment_offset to no more than auto_increment_increment there");
    return std::move(made_);
  }

 private:
  // Constants have been looked at as keys (mysql_key_values.cpp); a query's rows may have a 0 among them.
  Plan of_keys() {
    if (given_.generated == 0 && given_.is_certain) return std::move(made_);
    return refuse(FaultReason::kNeedsKey,
                  "INSERT into " + rows_.table + ": the shard key \"" + rows_.column +
                      "\" is an AUTO_INCREMENT column, and a row's shard is not known before its number",
                  "give the shard key as a constant or a parameter in every row");
  }

  Plan may_differ(const std::string& which, std::string hint) const {
    return refuse(FaultReason::kNotSupported,
                  "writing a reference table: AUTO_INCREMENT numbers of \"" + rows_.column + "\" " + which +
                      " may differ between the copies",
                  std::move(hint));
  }

  Plan no(FaultReason reason, const std::string& why, std::string hint) const {
    return refuse(
        reason, "INSERT into " + rows_.table + ": numbers of its AUTO_INCREMENT column \"" + rows_.column + "\" " + why,
        std::move(hint));
  }

  Plan unclear() const {
    return no(FaultReason::kNotSupported, "must be constants or parameters, or be left to the server",
              "leave the column out of every row, or give the number itself");
  }

  Plan foreign(const std::string& number, ShardIndex shard) const {
    const auto& name = topology_.shards[shard];
    return no(FaultReason::kNotSupported,
              "on shard \"" + name + "\" are those of " + shown(topology_.catalog->numberings[shard]) + "; " + number +
                  " may be another shard's",
              "leave the column out, or accept numbers that repeat: unenforced = [\"" + rows_.column +
                  "\"] for the table in the configuration");
  }

  Plan numbered(const Numbering& numbering) {
    made_.numbers = given_.generated > 0;
    if (made_.numbers) made_.numbering = numbering;
    return std::move(made_);
  }

  const NumberedRows& rows_;
  const Given given_;
  const Topology& topology_;
  Plan made_;
};

}  // namespace

Plan with_numbers(const Case& c, Plan made) {
  if (!c.statement.numbered || c.statement.kind == StatementKind::kRead) return made;
  if (made.action == Action::kOneShard && c.statement.numbered->kind == TableKind::kSharded)
    return Numbers(c, std::move(made)).on_one_shard();
  if (made.action == Action::kEveryShard) return Numbers(c, std::move(made)).on_every_copy(c.statement.is_explain);
  return made;
}

}  // namespace shardway::router
