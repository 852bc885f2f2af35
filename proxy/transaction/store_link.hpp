// StoreLink: one server connection of recovery, asked one question at a time. run() waits for the answer, with a
// deadline and for as long as nobody wants to stop; it opens the connection when it is needed. Not thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/control/control_link.hpp"

namespace shardway::proxy::transaction {

class StoreLink {
 public:
  using Rows = std::vector<std::vector<std::string>>;  // of the last statement; NULL is ""

  // `setup`: sent once after connecting; what it answers is ignored. Empty: nothing.
  StoreLink(std::unique_ptr<control::ControlLink> link, std::string setup, const std::atomic<bool>& stopping)
      : link_(std::move(link)), setup_(std::move(setup)), stopping_(stopping) {}

  std::optional<Rows> run(const std::string& sql);  // nullopt: error() and sqlstate() say why
  const std::string& error() const noexcept { return link_->error(); }
  const std::string& sqlstate() const noexcept { return link_->sqlstate(); }

 private:
  bool connect();
  bool await(control::ControlLink::Event wanted);

  std::unique_ptr<control::ControlLink> link_;
  std::string setup_;
  const std::atomic<bool>& stopping_;
};

}  // namespace shardway::proxy::transaction
