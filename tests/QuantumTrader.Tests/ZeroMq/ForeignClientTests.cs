using System.Text.Json;
using QuantumTrader.Market;
using QuantumTrader.Tests.App;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

/// <summary>Against Debian's pyzmq, which shares no code with the binding.</summary>
public sealed class ForeignClientTests : IDisposable
{
    private readonly BusFixture _bus = new();

    public void Dispose() => _bus.Dispose();

    [PythonFact]
    public void A_subscriber_of_the_old_system_goes_on_working()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Dialect = Dialect.Classic });
        using var peer = Python.Run("old_subscriber.py", sink.Endpoints["tick"], "tick_WDOU25", "3");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDOU25"), "the script must have subscribed");
        BusFixture.Observe(sink, BusFixture.Trades(3));

        var ticks = peer.Lines().Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        ticks.Select(t => t.GetProperty("trade_id").GetInt32()).ShouldBe([1, 2, 3]);
        string[] names = ["type", "symbol", "timestamp", "timestamp_ms", "trade_id", "price", "volume", "quantity", "buyer", "seller", "trade_type", "is_edit"];
        names.ShouldAllBe(n => ticks.All(t => t.EnumerateObject().Any(p => p.Name == n)));
        ticks[1].GetProperty("trade_type").GetInt32().ShouldBe(2);
        ticks[1].GetProperty("volume").GetDouble().ShouldBe(5002 * 2 * 10);
    }

    [PythonFact]
    public void The_binary_form_can_be_read_by_its_documented_layout()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary, FrameEvents = 8 });
        using var peer = Python.Run("binary_subscriber.py", sink.Endpoints["tick"], "tick_WDOU25", "20");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDOU25"), "the script must have subscribed");
        var trades = BusFixture.Trades(20);
        BusFixture.Observe(sink, trades);

        var events = peer.Lines().Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        events.Select(e => e.GetProperty("seq").GetInt64()).ShouldBe(Enumerable.Range(1, 20).Select(i => (long)i));
        events.Select(e => e.GetProperty("ts_ns").GetInt64()).ShouldBe(trades.Select(t => t.EventTime));
        events.Select(e => e.GetProperty("price").GetDouble()).ShouldBe(trades.Select(t => t.Price / 1e8));
        events.ShouldAllBe(e => e.GetProperty("kind").GetInt32() == (int)EventKind.Trade);
    }

    [PythonFact]
    public void A_publisher_in_Python_is_read()
    {
        using var peer = Python.Run("publisher.py", "4");
        var source = _bus.Source($"tcp://127.0.0.1:{peer.ReadLine()}");
        for (var i = 1; i <= 3; i++)
        {
            peer.Input.WriteLine("tick_WDOU25\t" + BusFixture.Json(i));
        }

        peer.Input.Close();
        BusFixture.Read(source, 3).Select(e => e.Price).ShouldAllBe(p => p == 5432_50_000_000L);
        peer.Lines().ShouldBeEmpty();
        BusFixture.Report(source).Missing.ShouldBe(0);
    }

    [PythonFact]
    public void The_example_of_the_documentation_works()
    {
        var text = File.ReadAllText(Path.Combine(Qt.Root, "docs", "bus.md"));
        var begin = text.IndexOf("```python\n", StringComparison.Ordinal) + "```python\n".Length;
        using var folder = new TemporaryFolder();
        var script = folder.Write("example.py", text[begin..text.IndexOf("```", begin, StringComparison.Ordinal)]);
        var sink = _bus.Sink();
        using var peer = Python.Start("-u", script, sink.Endpoints["tick"], "tick_WDOU25");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDOU25"), "the script must have subscribed");
        BusFixture.Observe(sink, BusFixture.Trades(2));

        peer.ReadLine().ShouldBe("1 WDOU25 5001 x 1");
        peer.ReadLine().ShouldBe("2 WDOU25 5002 x 2");
    }
}
