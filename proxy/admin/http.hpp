// Http: /metrics (Prometheus text), /healthz, /readyz over a small Beast server on its own thread.
#pragma once

#include <memory>

#include "proxy/admin/host.hpp"

namespace shardway::proxy::admin {

class Http {
 public:
  // Binds at once; throws std::runtime_error naming the address if it cannot.
  Http(Host& host, const config::Address& address);
  ~Http();   // stops serving and joins the thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardway::proxy::admin
