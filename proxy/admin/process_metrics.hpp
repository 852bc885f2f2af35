// ProcessMetrics: processor time, memory and descriptors of this process under the names every Prometheus client uses.
// What the kernel does not tell is left out.
#pragma once

#include "proxy/admin/metric_writer.hpp"

namespace shardway::proxy::admin {

void dump_process(MetricWriter& out);

}  // namespace shardway::proxy::admin
