// Metrics: a Report as Prometheus text (version 0.0.4), with what the kernel knows of the process. Pure but for the
// latter, which reads /proc/self; called by http.cpp for each scrape.
#pragma once

#include <string>

#include "proxy/stats/report.hpp"

namespace shardway::proxy::admin {

std::string prometheus_text(const stats::Report& report);

}  // namespace shardway::proxy::admin
