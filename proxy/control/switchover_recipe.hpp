// Recipe: how one kind of server changes its primary: the steps of switchover.hpp that servers take part in, through
// the control user's connections and the operator's commands ([database.switchover]). Every call may wait, until its
// patience is over. Made for one switchover; used on its thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/control/operator_command.hpp"
#include "proxy/control/switchover.hpp"
#include "proxy/control/switchover_line.hpp"

namespace shardway::proxy::control::switchover {

struct Outcome {
  Result result = Result::kDone;
  std::string detail;  // for the report: what was found, or what is wrong and the cure
};
Outcome failed(std::string why);
// Late or stopped, if the patience is over; else failed.
Outcome gave_up(const Patience& patience, std::string why);

// The nodes of one shard; all live as long as the recipe.
struct Cast {
  const config::Database* database = nullptr;
  std::string shard;
  config::Address old_primary, target;
  std::vector<config::Address> others;
  Course course = {};
  // Which node is to take writes again, if one is: whom a switchover that was never finished has taken them from.
  const config::Address& restored() const { return course.finishes ? target : old_primary; }
};

// What the control user may not do, or what is not set as a switchover needs it, and the cure.
struct Lack {
  std::string message, hint;
};

// With the cast's hosts and ports in the command's placeholders.
// How long the operator's command may take that promotes: there is no way back, so the deadline for one is over.
Patience for_commands(const Cast& cast, const Patience& patience);
CommandEnd run_operators_command(const Cast& cast, const std::string& command, const Patience& patience);

class Recipe {
 public:
  virtual ~Recipe() = default;
  Recipe() = default;
  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;

  // Cast::restored() takes writes again.
  virtual Outcome restore(const Patience& patience) = 0;
  virtual Outcome check(const Patience& patience) = 0;
  // What still has to end, although no client works there any more; empty: nothing.
  virtual std::string still_open(const Patience& patience) = 0;
  virtual Outcome fence(const Patience& patience) = 0;
  virtual Outcome catch_up(const Patience& patience) = 0;
  // `sent`: false if nothing that promotes has left.
  virtual Outcome promote(const Patience& patience, bool& sent) = 0;
  // One look: does the target take writes?
  virtual Outcome verify(const Patience& patience) = 0;
  virtual Outcome follow(const Patience& patience) = 0;
  virtual Outcome rejoin(const Patience& patience) = 0;
  virtual Outcome undo(const Patience& patience) = 0;
};

std::unique_ptr<Recipe> make_postgres_recipe(const Cast& cast);
std::unique_ptr<Recipe> make_mysql_recipe(const Cast& cast);
std::unique_ptr<Recipe> make_recipe(const Cast& cast);

// For `shardway check --servers`: would the control user be able to switch this shard over, as far as the servers tell?
std::vector<Lack> postgres_lacks(const Cast& cast, const Patience& patience);
std::vector<Lack> mysql_lacks(const Cast& cast, const Patience& patience);
std::vector<Lack> lacks(const Cast& cast, const Patience& patience);

}  // namespace shardway::proxy::control::switchover
