// Http: /metrics (Prometheus text), /healthz, /readyz over a small Beast server on its own thread.
// It only ever reads: GET and HEAD of a handful of fixed paths, no files, no request bodies. Bounded: 64 connections, 8
// KiB of request head, 10 s to send it and 10 s to take the answer, 2 s for the workers to report. One request per
// connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "proxy/admin/host.hpp"

namespace shardway::proxy::admin {

struct HttpTimes {
  std::chrono::milliseconds read{10'000};    // for the client to send its request
  std::chrono::milliseconds write{10'000};   // for the client to take the answer
  std::chrono::milliseconds collect{2'000};  // for the workers to report; then /metrics is 503
};

class Http {
 public:
  // Binds at once; throws std::runtime_error naming the address if it cannot.
  Http(Host& host, const config::Address& address, const HttpTimes& times = {});
  ~Http();                     // stops serving and joins the thread
  std::uint16_t port() const;  // the one it listens on: with port 0 in the address, the kernel chose it

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardway::proxy::admin
