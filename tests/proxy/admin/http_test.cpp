#include "proxy/admin/http.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "proxy/admin/http_answer.hpp"
#include "tests/proxy/admin/fake_host.hpp"

namespace shardway::proxy::admin {
namespace {

using test::FakeHost;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using namespace std::chrono_literals;

constexpr HttpTimes kShort{200ms, 200ms, 100ms};
const config::Address kAnyPort{"127.0.0.1", 0, false, "127.0.0.1:0"};

// A client that knows nothing of HTTP: it sends what it is told and reads until the end.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(socket_); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has heard enough
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::string receive_all() {
    std::string all;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::recv(socket_, buffer, sizeof buffer, 0)) > 0) all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }

 private:
  int socket_;
};

std::string request(const Http& http, std::string_view text) {
  RawClient client(http.port());
  client.send(text);
  return client.receive_all();
}

std::string get(const Http& http, const std::string& path) {
  return request(http, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

TEST(Http, ServesItsPages) {
  FakeHost host;
  const Http http(host, kAnyPort);
  struct Case {
    std::string path, status, body;
  };
  for (const Case& c :
       {Case{"/healthz", "200", "\r\n\r\nok\n"}, Case{"/readyz", "200", "ready\n"},
        Case{"/metrics", "200", "\nshardway_clients 6\n"}, Case{"/metrics?x=1", "200", "# TYPE shardway_clients gauge"},
        Case{"/", "200", "href=\"/metrics\""}, Case{"/nothing", "404", "not found"},
        Case{"/metrics/", "404", "not found"}, Case{"/../../etc/passwd", "404", "not found"},
        Case{"/%2e%2e/metrics", "404", "not found"}, Case{"//metrics", "404", "not found"},
        Case{"http://x/metrics", "404", "not found"}}) {
    const std::string answer = get(http, c.path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + c.status + " ")) << c.path;
    EXPECT_THAT(answer, HasSubstr(c.body)) << c.path;
    EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'none'")) << c.path;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << c.path;
  }
  EXPECT_THAT(get(http, "/metrics"), HasSubstr("Content-Type: text/plain; version=0.0.4"));
}

TEST(Http, ReadinessFollowsTheHost) {
  FakeHost host;
  host.is_accepting = false;
  const Http http(host, kAnyPort);
  EXPECT_THAT(get(http, "/readyz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(get(http, "/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST(Http, HeadHasTheHeadersOnly) {
  FakeHost host;
  const Http http(host, kAnyPort);
  const std::string answer = request(http, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(Http, RefusesWhatItDoesNotServe) {
  FakeHost host;
  const Http http(host, kAnyPort);
  struct Case {
    std::string text, status;
  };
  for (const Case& c : {
           Case{"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"},
           Case{"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
           Case{"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", "413"},
           Case{"GARBAGE\r\n\r\n", "400"},
           Case{"GET / HTTP/9.9\r\n\r\n", "400"},
           Case{"GET /metrics HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400"},
           Case{"GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", "431"},
           Case{"GET /" + std::string(20000, 'y') + " HTTP/1.1\r\n\r\n", "431"},
       }) {
    const std::string answer = request(http, c.text);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + c.status + " ")) << c.text.substr(0, 40);
  }
  EXPECT_THAT(request(http, "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(request(http, std::string("\x16\x03\x01\x02\x00", 5) + std::string(300, '\0')), Not(HasSubstr("200")));
}

// Clients that say nothing hold no place for longer than the read timeout, and do not keep others out meanwhile.
TEST(Http, ASlowClientDelaysNobodyAndIsDropped) {
  FakeHost host;
  const Http http(host, kAnyPort, kShort);
  RawClient slow(http.port());
  slow.send("GET /healthz HT");
  EXPECT_THAT(get(http, "/healthz"), StartsWith("HTTP/1.1 200 "));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(slow.receive_all(), "");
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GT(waited, 150ms);
  EXPECT_LT(waited, 10s);
}

// More clients than places: the rest wait their turn, nobody is turned away.
TEST(Http, ManyClientsAtOnceAreAllServed) {
  FakeHost host;
  const Http http(host, kAnyPort);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<RawClient>(http.port()));
  for (auto& client : clients) client->send("GET /healthz HTTP/1.1\r\n\r\n");
  for (auto& client : clients) {
    EXPECT_THAT(client->receive_all(), StartsWith("HTTP/1.1 200 "));
    client.reset();
  }
}

TEST(Http, MetricsOfWorkersThatDoNotAnswerAre503) {
  FakeHost host;
  host.answers_collect = false;
  {
    const Http http(host, kAnyPort, kShort);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(get(http, "/metrics"), StartsWith("HTTP/1.1 503 "));
    const auto waited = std::chrono::steady_clock::now() - start;
    EXPECT_GT(waited, 90ms);
    EXPECT_LT(waited, 10s);
    EXPECT_THAT(get(http, "/healthz"), StartsWith("HTTP/1.1 200 "));
    // The late answer comes while the server is there, and another one …
    ASSERT_EQ(host.owed.size(), 1u);
    host.owed[0](host.report);
    EXPECT_THAT(get(http, "/healthz"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(get(http, "/metrics"), StartsWith("HTTP/1.1 503 "));
  }
  // … when it is gone.
  ASSERT_EQ(host.owed.size(), 2u);
  host.owed[1](host.report);
}

TEST(Http, AnswersFromAnotherThreadArrive) {
  FakeHost host;
  host.answers_collect = false;
  const Http http(host, kAnyPort);
  RawClient client(http.port());
  client.send("GET /metrics HTTP/1.1\r\n\r\n");
  // A second request behind the first is handled after the first's collect() was called: then `owed` is filled.
  EXPECT_THAT(get(http, "/healthz"), StartsWith("HTTP/1.1 200 "));
  ASSERT_EQ(host.owed.size(), 1u);
  std::thread([&] { host.owed[0](host.report); }).join();
  EXPECT_THAT(client.receive_all(), HasSubstr("shardway_clients 6\n"));
}

TEST(Http, EndsWithConnectionsOpen) {
  FakeHost host;
  auto http = std::make_unique<Http>(host, kAnyPort);
  RawClient silent(http->port()), half(http->port());
  half.send("GET / HTTP/1.1\r\n");
  EXPECT_THAT(get(*http, "/healthz"), StartsWith("HTTP/1.1 200 "));
  http.reset();
  EXPECT_EQ(silent.receive_all(), "");
}

TEST(Http, SaysWhyItCannotListen) {
  FakeHost host;
  const Http first(host, kAnyPort);
  const std::string text = "127.0.0.1:" + std::to_string(first.port());
  try {
    const Http second(host, {"127.0.0.1", first.port(), false, text});
    FAIL() << "two servers on one port";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr(text));
    EXPECT_THAT(error.what(), HasSubstr("in use"));
  }
  EXPECT_THROW(Http(host, {"/tmp/x", 0, true, "unix:/tmp/x"}), std::runtime_error);
}

TEST(HttpAnswer, PathsAreExact) {
  EXPECT_EQ(page_of("/metrics"), Page::kMetrics);
  EXPECT_EQ(page_of("/metrics?a=/healthz"), Page::kMetrics);
  EXPECT_EQ(page_of("/?"), Page::kIndex);
  for (const char* target : {"", "metrics", "/metrics/", "/Metrics", "/metrics#x", "/./metrics", "*"}) {
    EXPECT_EQ(page_of(target), Page::kNone) << target;
  }
}

}  // namespace
}  // namespace shardway::proxy::admin
