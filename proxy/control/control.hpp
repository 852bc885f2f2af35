// Control: the slow lane. One thread that watches every node of every database through libpq and libmariadb: in
// recovery or not, system identifier, timeline, lag, replay position; and reads the catalogue of each database. It
// writes Node, ShardNodes and Backend::set_topology (node.hpp) and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::control {

class Control {
 public:
  // Watches these until destroyed (joins the thread). A database without [database.control] is not watched: its
  // single node counts as primary.
  // `roles_changed` is called on the control thread, with the database's name, after roles, gates or epochs have.
  Control(std::vector<std::shared_ptr<backend::Backend>> backends,
          std::function<void(const std::string& database)> roles_changed);
  ~Control();
  // A session wrote or wants a fresh catalogue: look now rather than at the next tick. Cheap, from any thread.
  void wake();
  // Statements that changed the catalogue (DDL) went through: read it again.
  void catalog_changed(const std::shared_ptr<backend::Backend>& backend);
  // Blocks until every node has answered or failed once, or the deadline: so that the first client finds roles.
  void wait_for_first_round(config::Milliseconds deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardway::proxy::control
