// ParseTree: one text parsed by libpg_query, and the memory its nodes live in. Not here: what the nodes mean.
// A text that does not parse has an error() and no statements. Not movable: the memory context is the thread's current
// one, so at most one ParseTree may be alive per thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/common/fault.hpp"

namespace shardway::router {

struct ParsedStatement {
  const void* node = nullptr;  // a Node of the server's headers
  std::uint32_t begin = 0, end = 0;
};

class ParseTree {
 public:
  ParseTree(std::string_view text, bool standard_conforming_strings);
  ~ParseTree();
  ParseTree(const ParseTree&) = delete;
  ParseTree& operator=(const ParseTree&) = delete;

  const std::optional<protocol::Fault>& error() const noexcept { return error_; }
  const std::vector<ParsedStatement>& statements() const noexcept { return statements_; }

 private:
  std::string text_;
  void* context_;
  std::vector<ParsedStatement> statements_;
  std::optional<protocol::Fault> error_;
};

}  // namespace shardway::router
