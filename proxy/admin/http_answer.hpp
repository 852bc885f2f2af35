// HttpAnswer: which of the fixed paths was asked for, and what an answer consists of. No sockets; http.cpp sends it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shardway::proxy::admin {

enum class Page : std::uint8_t { kIndex, kMetrics, kHealth, kReady, kNone };

// Exact paths only; what follows a `?` is ignored.
Page page_of(std::string_view target) noexcept;

struct HttpAnswer {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

HttpAnswer index_page();
HttpAnswer health_page();
HttpAnswer ready_page(bool accepting);
HttpAnswer metrics_page(std::string text);
// Errors: the status with a line that says why.
HttpAnswer plain_page(unsigned status, std::string_view why);

}  // namespace shardway::proxy::admin
