#include "proxy/admin/http.hpp"

#include <fmt/core.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <stdexcept>
#include <thread>

#include "proxy/admin/http_answer.hpp"
#include "proxy/admin/metrics.hpp"
#include "proxy/log.hpp"

namespace shardway::proxy::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMostConnections = 64;
constexpr std::uint32_t kLongestHead = 8 * 1024;
constexpr std::chrono::seconds kLingerTime{1};
constexpr std::size_t kLingerBytes = 64 * 1024;

// One request and its answer. Lives in Server's map; every call is on the HTTP thread.
struct Connection {
  Connection(std::uint64_t number, tcp::socket socket)
      : id(number), stream(std::move(socket)), deadline(stream.get_executor()) {}

  const std::uint64_t id;
  beast::tcp_stream stream;
  asio::steady_timer deadline;  // of the workers' report
  beast::flat_buffer buffer{kLongestHead};
  http::request_parser<http::empty_body> parser;
  http::response<http::string_body> response;
  std::array<char, 4096> rest{};
  std::size_t rest_bytes = 0;
  bool answered = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

// `context` may outlive the server: a worker that answers late still holds it, and posts into a context nobody runs.
// So what waits in it knows connections by number only.
class Server {
 public:
  Server(Host& host, std::shared_ptr<asio::io_context> context, const tcp::endpoint& endpoint, const HttpTimes& times)
      : host_(host), times_(times), context_(std::move(context)), acceptor_(*context_, endpoint) {
    accept();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept();
  void read(const ConnectionPtr& connection);
  void on_request(const ConnectionPtr& connection, error_code error);
  void collect(const ConnectionPtr& connection);
  void on_report(std::uint64_t id, const stats::Report& report);
  void answer(const ConnectionPtr& connection, HttpAnswer page);
  void linger(const ConnectionPtr& connection);
  void close(const ConnectionPtr& connection);

  Host& host_;
  const HttpTimes times_;
  std::shared_ptr<asio::io_context> context_;
  tcp::acceptor acceptor_;
  std::map<std::uint64_t, ConnectionPtr> connections_;
  std::uint64_t last_id_ = 0;
  bool accepting_ = false;
};

// With all places taken nothing is accepted: the kernel's queue waits, and each connection ends within seconds.
void Server::accept() {
  if (accepting_ || connections_.size() >= kMostConnections) return;
  accepting_ = true;
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    accepting_ = false;
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      const auto connection = std::make_shared<Connection>(++last_id_, std::move(socket));
      connections_.emplace(connection->id, connection);
      read(connection);
      return accept();
    }
    // Out of descriptors, most likely: wait a little rather than spin.
    auto pause = std::make_shared<asio::steady_timer>(*context_, std::chrono::milliseconds(100));
    pause->async_wait([this, pause](error_code) { accept(); });
  });
}

void Server::read(const ConnectionPtr& connection) {
  connection->parser.header_limit(kLongestHead);
  connection->stream.expires_after(times_.read);
  http::async_read(connection->stream, connection->buffer, connection->parser,
                   [this, connection](error_code error, std::size_t) { on_request(connection, error); });
}

// How a request that could not be read is answered; 0: not at all, there is nobody or nothing to answer.
unsigned status_of(error_code error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit || error == http::error::unexpected_body) return 413;
  if (error == beast::error::timeout) return 0;
  return error.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

void Server::on_request(const ConnectionPtr& connection, error_code error) {
  if (error) {
    const unsigned status = status_of(error);
    return status == 0 ? close(connection) : answer(connection, plain_page(status, error.message()));
  }
  const auto& request = connection->parser.get();
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return answer(connection, plain_page(405, "only GET and HEAD are served"));
  }
  const auto target = request.target();
  switch (page_of({target.data(), target.size()})) {
    case Page::kIndex: return answer(connection, index_page());
    case Page::kHealth: return answer(connection, health_page());
    case Page::kReady: return answer(connection, ready_page(host_.accepting()));
    case Page::kMetrics: return collect(connection);
    case Page::kNone: return answer(connection, plain_page(404, "not found; see / for what there is"));
  }
}

void Server::collect(const ConnectionPtr& connection) {
  connection->stream.expires_never();
  connection->deadline.expires_after(times_.collect);
  connection->deadline.async_wait([this, connection](error_code error) {
    if (!error)
      answer(connection,
             plain_page(503, fmt::format("the workers did not report within {} ms", times_.collect.count())));
  });
  host_.collect(false, [this, context = context_, id = connection->id](stats::Report report) {
    asio::post(*context,
               [this, id, kept = std::make_shared<stats::Report>(std::move(report))] { on_report(id, *kept); });
  });
}

void Server::on_report(std::uint64_t id, const stats::Report& report) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) answer(ConnectionPtr(found->second), metrics_page(prometheus_text(report)));
}

void Server::answer(const ConnectionPtr& connection, HttpAnswer page) {
  if (std::exchange(connection->answered, true)) return;
  connection->deadline.cancel();
  auto& response = connection->response;
  response.version(11);
  response.result(page.status);
  response.keep_alive(false);
  response.set(http::field::content_type, beast::string_view(page.content_type.data(), page.content_type.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  if (page.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.content_length(page.body.size());
  if (connection->parser.get().method() != http::verb::head) response.body() = std::move(page.body);
  connection->stream.expires_after(times_.write);
  http::async_write(connection->stream, response, [this, connection](error_code error, std::size_t) {
    if (error) return close(connection);
    error_code ignored;
    connection->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    connection->stream.expires_after(kLingerTime);
    linger(connection);
  });
}

// Reads what is still coming before closing: closing over unread bytes resets the connection, and the client may then
// lose the answer that told it why (RFC 9112, 9.6).
void Server::linger(const ConnectionPtr& connection) {
  connection->stream.async_read_some(asio::buffer(connection->rest),
                                     [this, connection](error_code error, std::size_t bytes) {
                                       connection->rest_bytes += bytes;
                                       if (error || connection->rest_bytes > kLingerBytes) return close(connection);
                                       linger(connection);
                                     });
}

void Server::close(const ConnectionPtr& connection) {
  connection->stream.close();
  connections_.erase(connection->id);
  accept();
}

tcp::endpoint resolve(asio::io_context& context, const config::Address& address) {
  if (address.is_unix) throw std::runtime_error("admin.http must be HOST:PORT, not a Unix socket");
  return tcp::resolver(context).resolve(address.host, std::to_string(address.port), tcp::resolver::passive)->endpoint();
}

// Signals are the main thread's business.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void serve(asio::io_context& context) {
  block_signals();
  while (!context.stopped()) {
    try {
      context.run();
    } catch (const std::exception& problem) {
      log::error("http: {}", problem.what());
    }
  }
}

}  // namespace

struct Http::Impl {
  std::shared_ptr<asio::io_context> context = std::make_shared<asio::io_context>(1);
  std::unique_ptr<Server> server;
  std::thread thread;
};

Http::Http(Host& host, const config::Address& address, const HttpTimes& times) : impl_(std::make_unique<Impl>()) {
  try {
    impl_->server = std::make_unique<Server>(host, impl_->context, resolve(*impl_->context, address), times);
  } catch (const std::exception& problem) {
    throw std::runtime_error(fmt::format("cannot listen on {} for HTTP: {}", address.text, problem.what()));
  }
  impl_->thread = std::thread([context = impl_->context] { serve(*context); });
}

Http::~Http() {
  impl_->context->stop();
  impl_->thread.join();
}

std::uint16_t Http::port() const { return impl_->server->port(); }

}  // namespace shardway::proxy::admin
