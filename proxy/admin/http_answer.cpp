#include "proxy/admin/http_answer.hpp"

#include <fmt/core.h>

#include "proxy/admin/version.hpp"

namespace shardway::proxy::admin {

Page page_of(std::string_view target) noexcept {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/") return Page::kIndex;
  if (path == "/metrics") return Page::kMetrics;
  if (path == "/healthz") return Page::kHealth;
  if (path == "/readyz") return Page::kReady;
  return Page::kNone;
}

HttpAnswer index_page() {
  return {200, "text/html; charset=utf-8",
          fmt::format("<!doctype html>\n<html lang=\"en\"><head><title>Shardway</title></head><body>\n"
                      "<h1>Shardway {}</h1>\n<ul>\n"
                      "<li><a href=\"/metrics\">/metrics</a>: Prometheus metrics</li>\n"
                      "<li><a href=\"/healthz\">/healthz</a>: 200 while the process works</li>\n"
                      "<li><a href=\"/readyz\">/readyz</a>: 200 while new clients are accepted, else 503</li>\n"
                      "</ul>\n</body></html>\n",
                      kVersion)};
}

HttpAnswer health_page() { return plain_page(200, "ok"); }

HttpAnswer ready_page(bool accepting) {
  return accepting ? plain_page(200, "ready") : plain_page(503, "shutting down: no new clients are accepted");
}

// https://prometheus.io/docs/instrumenting/exposition_formats/
HttpAnswer metrics_page(std::string text) { return {200, "text/plain; version=0.0.4; charset=utf-8", std::move(text)}; }

HttpAnswer plain_page(unsigned status, std::string_view why) {
  return {status, "text/plain; charset=utf-8", fmt::format("{}\n", why)};
}

}  // namespace shardway::proxy::admin
