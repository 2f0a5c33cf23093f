using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;

namespace QuantumTrader.Tests.Storage.Valkey;

public sealed class ValkeyFaultTests
{
    [ValkeyFact]
    public void A_server_killed_under_load_has_every_trade_once_and_in_order_when_it_is_back()
    {
        using var server = new ValkeyServer();
        using var store = Stored.Open(server);
        var trades = Stored.Trades(30_000, 0.05);
        var restart = Task.CompletedTask;
        var since = Stopwatch.StartNew();
        foreach (var (chunk, i) in trades.Chunk(100).Select((c, i) => (c, i)))
        {
            if (i == 80)
            {
                server.Kill();
                restart = Task.Delay(300).ContinueWith(_ => server.Restart(), TaskScheduler.Default);
            }

            Persist(() => store.Append<MarketEvent>(chunk, Stored.Format));
            // 100 trades in 5 ms are 20,000 a second.
            SpinWait.SpinUntil(() => since.ElapsedMilliseconds >= 5 * i);
        }

        Persist(store.Flush);
        restart.Wait(20_000).ShouldBeTrue();

        var report = store.Report();
        (report.Stored, report.Unconfirmed, report.Outages, report.IsConnected).ShouldBe((30_000, 0, 1, true));
        store.Numbers().ShouldBe(trades.Select(t => t.TradeNumber));
        server.Cli("XRANGE", "qt:tick:A", "-", "+").Split('\n').Select((l, n) => (l, n)).Count(x => x.l == "trade_no").ShouldBe(30_000);
    }

    [ValkeyFact]
    public void A_server_that_hangs_is_given_up_at_the_deadline_and_nothing_is_stored_twice()
    {
        using var server = new ValkeyServer();
        using var store = Stored.Open(server, o => o with { TimeoutMs = 300, Pack = 10 });
        store.Store(Stored.Trades(1000));
        server.Pause();
        try
        {
            // The kernel takes what fits in its buffers: only the answers are missing, and the outcome is unknown.
            var failure = Should.Throw<StoreException>(() => store.Store(Stored.Trades(500, 1, 2000, 2000)));
            failure.Message.ShouldContain("no answer within 300 ms");
            failure.Message.ShouldContain($"127.0.0.1:{server.Port}");
            Should.Throw<StoreException>(() => store.Read()).Message.ShouldContain("127.0.0.1");
            Should.Throw<StoreException>(() => store.Status()).Message.ShouldContain("127.0.0.1");
            store.Report().IsConnected.ShouldBeFalse();
            store.Report().DownSince.ShouldNotBeNull();
        }
        finally
        {
            server.Continue();
        }

        Persist(() => store.Append<MarketEvent>(Stored.Trades(500, 1, 2000, 2000), Stored.Format));
        Persist(store.Flush);
        store.Numbers().ShouldBe([.. Enumerable.Range(1, 1000), .. Enumerable.Range(2000, 500)]);
        server.Cli("XLEN", "qt:tick:A").Trim().ShouldBe("150");
    }

    [ValkeyFact]
    public void A_server_without_memory_costs_time_and_no_trade()
    {
        using var server = new ValkeyServer();
        using var store = Stored.Open(server);
        store.Store(Stored.Trades(100));
        server.Cli("CONFIG", "SET", "maxmemory", "1mb");
        var failure = Should.Throw<StoreException>(() =>
        {
            store.Append<MarketEvent>(Stored.Trades(2000, 1, 1000, 1000), Stored.Format);
            store.Flush();
        });
        failure.Message.ShouldContain("maxmemory");

        server.Cli("CONFIG", "SET", "maxmemory", "0");
        Persist(() => store.Append<MarketEvent>(Stored.Trades(2000, 1, 1000, 1000), Stored.Format));
        Persist(store.Flush);
        store.Read().Answer.Count.ShouldBe(2100);
    }

    [ValkeyFact]
    public void What_is_refused_is_told_once_however_often_the_call_must_be_repeated()
    {
        using var server = new ValkeyServer();
        using var store = Stored.Open(server);
        store.Store(Stored.Trade(1, 1), Stored.Trade(1, 1, symbol: 2));
        var events = new[] { Stored.Trade(2, 2) with { EventTime = -5 }, Stored.Trade(3, 3), Stored.Trade(4, 4, symbol: 2) };
        server.Cli("CONFIG", "SET", "maxmemory", "1mb");
        Should.Throw<StoreException>(() => store.Append<MarketEvent>(events, Stored.Format));
        // The entry of B is kept and sent again, and only then refused for good.
        server.Cli("DEL", "qt:tick:B");
        server.Cli("CONFIG", "SET", "maxmemory", "0");
        server.Cli("SET", "qt:tick:B", "mine");

        var answer = default(StoreAppend);
        Persist(() => answer = store.Append<MarketEvent>(events, Stored.Format));
        answer.Refused.ShouldBe(new Dictionary<(string, string), long> { [("tick", "before_1970")] = 1, [("tick", "foreign_key")] = 1 }, ignoreOrder: true);
        store.Report().Refused.ShouldBe(new Dictionary<string, long> { ["before_1970"] = 1, ["foreign_key"] = 1 }, ignoreOrder: true);
        store.Numbers().ShouldBe([1, 3]);
    }

    [ValkeyFact]
    public void A_quiet_stream_is_complete_when_its_server_is_back()
    {
        using var server = new ValkeyServer();
        using var store = Stored.Open(server, o => o with { TimeoutMs = 300 });
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions { RetrySeconds = 0.05 }, () => store, Stored.Format, TimeProvider.System);
        sink.Start();
        sink.Observe(Run<MarketEvent>.Of(Stored.Trades(100)));
        server.Kill();
        sink.Observe(Run<MarketEvent>.Of(Stored.Trades(5000, 1, 101, 100)));
        sink.Gauges.Single(g => g.Name == "qt_store_up").Value.ShouldBe(0);
        server.Restart();

        Eventually.Holds(() => sink.Gauges.Single(g => g.Name == "qt_store_waiting").Value == 0, "it must be stored without another event");
        store.Numbers().ShouldBe(Enumerable.Range(1, 5100).Select(i => (long)i));
    }

    [ValkeyFact]
    public void A_wrong_password_is_said_and_never_shown()
    {
        using var server = new ValkeyServer("--requirepass", "open-sesame");
        Should.Throw<StoreException>(() => Stored.Open(server)).Message.ShouldContain("VALKEY_PASSWORD");
        var wrong = Should.Throw<StoreException>(() => Stored.Open(server, o => o with { Password = "rather-secret" }));
        wrong.Message.ShouldContain("refuses the password");
        wrong.ToString().ShouldNotContain("rather-secret");
        (Stored.Options(server) with { Password = "rather-secret" }).ToString().ShouldNotContain("rather-secret");

        using var store = Stored.Open(server, o => o with { Password = "open-sesame", Database = 3 });
        store.Store(Stored.Trade(1, 1));
        store.Status().Streams.Count.ShouldBe(1);
        Should.Throw<StoreException>(() => Stored.Open(server, o => o with { Password = "open-sesame", Database = 99 })).Message.ShouldContain("VALKEY_DB");
    }

    [ValkeyFact]
    public void A_store_can_be_opened_before_its_server_is_there()
    {
        var port = ValkeyServer.FreePort();
        using var store = Stored.Open(new ValkeyOptions { Host = "127.0.0.1", Port = port });

        var failure = Should.Throw<StoreException>(() => store.Append<MarketEvent>([Stored.Trade(1, 1)], Stored.Format));
        failure.Message.ShouldContain($"127.0.0.1:{port}");
        failure.Message.ShouldContain("VALKEY_HOST");
        store.Report().IsConnected.ShouldBeFalse();
    }

    [ValkeyFact]
    public void Everything_works_through_tls_and_only_with_a_certificate_that_is_trusted()
    {
        using var folder = new TemporaryFolder();
        var (key, certificate) = (Path.Combine(folder.Path, "key.pem"), Path.Combine(folder.Path, "cert.pem"));
        ValkeyServer.Run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate).Code.ShouldBe(0);
        using var server = new ValkeyServer("--port", "0", "--tls-port", "PORT", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no");
        var options = new ValkeyOptions { Host = "localhost", Port = server.Port, Tls = true, TlsAuthority = certificate };

        using (var store = Stored.Open(options))
        {
            store.Store(Stored.Trades(3000));
            store.Read().Answer.Count.ShouldBe(3000);
            store.Status().Streams.Count.ShouldBe(1);
        }

        Should.Throw<StoreException>(() => Stored.Open(options with { TlsAuthority = "" })).Message.ShouldContain("tls_authority");
        Should.Throw<StoreException>(() => Stored.Open(options with { Host = "127.0.0.1" })).Message.ShouldContain("certificate");
    }

    private static void Persist(Action action) => Eventually.Holds(() =>
    {
        try
        {
            action();
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    });
}
