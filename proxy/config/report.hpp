// Report: the list of problems found in one configuration file, each with place, sentence and hint.
// Loading goes on after a problem, so that one run shows all of them. Also the "did you mean" helper.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config.hpp"
#include "proxy/config/document.hpp"

namespace shardway::proxy::config {

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}
  void error(Position at, std::string message, std::string hint = {}) {
    failed_ = true;
    add(at, std::move(message), std::move(hint), Severity::kError);
  }
  void warning(Position at, std::string message, std::string hint = {}) {
    add(at, std::move(message), std::move(hint), Severity::kWarning);
  }
  bool failed() const noexcept { return failed_; }
  // True if something was reported at this very place: later checks then do not judge what could not be read.
  bool blamed(Position at) const noexcept;
  std::vector<Diagnostic> take();  // in the order of the text

 private:
  void add(Position at, std::string message, std::string hint, Severity severity);

  std::string file_;
  std::vector<Diagnostic> diagnostics_;
  bool failed_ = false;
};

// The one of `known` that `word` is most likely a slip of; empty if none is near enough, or two are.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

std::string quote(std::string_view text);  // "text", control characters escaped, cut after 60 bytes
// {"a", "b", "c"} -> a, b or c
std::string one_of(const std::vector<std::string_view>& words);

}  // namespace shardway::proxy::config
