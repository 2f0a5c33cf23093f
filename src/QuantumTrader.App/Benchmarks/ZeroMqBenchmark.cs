using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// The bus over tcp loopback, with nothing lost: against a bare loop of the same libzmq calls, against pyzmq, and what it costs the
/// pipeline's own thread.
/// </summary>
internal static class ZeroMqBenchmark
{
    private const string Anywhere = "tcp://127.0.0.1:*";
    private const int RunLength = 256;

    // What is on its way at most, in all queues together. The feed waits in steps of a millisecond; this lasts several of them at any rate
    // that is reached, and takes a few megabytes. Without it the sender, which is faster than tcp, would build up a queue of hundreds: the
    // page faults of a growing heap would be measured, and for large messages more than for small ones.
    private const int OnTheWay = 65_536;

    private static readonly byte[] Topic = "tick_DEMO"u8.ToArray();

    /// <summary>Runs all cases; null when libzmq is missing.</summary>
    public static BenchmarkResult? Run(BenchmarkRequest request) => HasLibrary() ? Measure(request) : null;

    /// <summary>False, after saying so, when libzmq is missing.</summary>
    public static bool HasLibrary()
    {
        try
        {
            _ = ZmqContext.LibraryVersion;
            return true;
        }
        catch (ConfigurationException missing)
        {
            Console.Error.WriteLine(missing.Message);
            return false;
        }
    }

    private static BenchmarkResult Measure(BenchmarkRequest request)
    {
        var scale = request.IsQuick ? 10 : 1;
        // Long enough that a thread's turn at a core is a small part of it.
        var count = 1_000_000 / scale;
        var ticks = 8_000_000 / scale;
        var figures = Rounds.Run(
            () => Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary }, count, 1),
            () => Bare(count, 1),
            () => Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary, OnePart = true }, count, 1),
            () => Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary, FrameEvents = 32 }, ticks, 32),
            () => Bare(ticks, 32),
            () => Sink(new ZeroMqSinkOptions { Format = BusFormat.Json }, count / 4, 1),
            () => Peers.Run("zeromq_peer.py", count / 10));
        List<BenchmarkCase> cases =
        [
            new("bare", Rounds.Median(figures[0]), "messages/s", 0.9, Rounds.Ratio(figures[0], figures[1])) { Against = "a bare loop of the same libzmq calls" },
            new("bare.peer", Rounds.Median(figures[1]), "messages/s", null, null),
            new("one_part", Rounds.Median(figures[2]), "messages/s", null, Rounds.Ratio(figures[2], figures[0])) { Against = "two parts" },
            new("frames_of_32", Rounds.Median(figures[3]), "events/s", 5, Rounds.Ratio(figures[3], figures[0])) { Against = "two parts" },
            new("frames_of_32.bare", Rounds.Median(figures[3]), "events/s", 0.8, Rounds.Ratio(figures[3], figures[4])) { Against = "a bare loop that sends the same frames" },
            new("frames_of_32.peer", Rounds.Median(figures[4]), "events/s", null, Rounds.Ratio(figures[4], figures[1])) { Against = "the bare loop with two parts" },
            new("json", Rounds.Median(figures[5]), "messages/s", null, Rounds.Ratio(figures[5], figures[0])) { Against = "two parts" },
        ];
        if (figures[6].All(f => f > 0))
        {
            cases.Insert(2, new("pyzmq", Rounds.Median(figures[0]), "messages/s", 4, Rounds.Ratio(figures[0], figures[6])) { Against = "pyzmq, two processes" });
            cases.Insert(3, new("pyzmq.peer", Rounds.Median(figures[6]), "messages/s", null, null));
        }

        HandOver(cases, 2_000_000 / scale);
        Latency(cases, "at_10k", 20_000 / scale, coalesceMs: 1);
        Latency(cases, "at_10k_woken", 20_000 / scale, coalesceMs: 0);
        Idle(cases, TimeSpan.FromSeconds(request.IsQuick ? 1 : 5));
        return new BenchmarkResult("zeromq", cases);
    }

    private static readonly MarketContext Market = MarketContext.Of(new TradingCalendar(), new Instrument("DEMO", 0.5m, 10m, 1m));

    private static BlockContext Context(string name) => new(name, new SectionContext(".", "."), TimeProvider.System);

    private static ZeroMqSink<MarketEvent> NewSink(ZeroMqSinkOptions options, Bus bus)
    {
        var sink = new ZeroMqSink<MarketEvent>(options with { Channels = ["tick"], Endpoint = Anywhere, HeartbeatSeconds = 0, Queue = OnTheWay }, Context("bus"), bus, Market, new MarketFormat(Market));
        sink.Start();
        return sink;
    }

    private static MarketEvent[] Trades()
    {
        var trades = new MarketEvent[RunLength];
        for (var i = 0; i < trades.Length; i++)
        {
            trades[i] = new MarketEvent { Sequence = i + 1, EventTime = 1_723_075_200_000_000_000 + i, Kind = EventKind.Trade, Symbol = 1, Price = 549_950_000_000 + i, Quantity = 100_000_000, TradeNumber = i + 1, Side = Side.Buy };
        }

        return trades;
    }

    /// <summary>Events a second from the first hand-over until the subscriber has them all.</summary>
    private static double Sink(ZeroMqSinkOptions options, int events, int eventsPerMessage)
    {
        using var bus = new Bus(new BusOptions { HighWater = 2 * events });
        using var sink = NewSink(options, bus);
        var run = Trades();
        events -= events % RunLength;
        using var receiver = new BusReceiver(sink.Endpoints["tick"], Topic, events, eventsPerMessage, 2 * events);
        Waiting.Until(() => sink.HasSubscriber("tick_DEMO"));
        var start = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < events; sent += RunLength)
        {
            // A pipeline would drop and count; here nothing may be lost.
            receiver.LetCome(sent, OnTheWay - RunLength);
            sink.Observe(Run<MarketEvent>.Of(run));
        }

        var seconds = receiver.WaitForAll(start);
        var report = (ZeroMqSinkReport)sink.Report();
        if (report.Channels["tick"].Published != events || report.Channels["tick"].Dropped.Count > 0)
        {
            throw new InvalidOperationException($"Invariant: {events} events were handed over, {report.Channels["tick"].Published} published.");
        }

        return events / seconds;
    }

    /// <summary>The same with nothing around libzmq: one thread that sends one message of the sink's size again and again.</summary>
    private static double Bare(int events, int eventsPerMessage)
    {
        var (messages, messagesPerRun) = (events / eventsPerMessage, RunLength / eventsPerMessage);
        using var context = new ZmqContext();
        using var socket = new ZmqSocket(context, SocketKind.XPub);
        socket.Set(SocketOption.SendHighWater, 2 * messages);
        socket.Set(SocketOption.XPubNoDrop, 1);
        socket.Bind(Anywhere);
        using var receiver = new BusReceiver(socket.LastEndpoint, Topic, messages * eventsPerMessage, eventsPerMessage, 2 * messages);
        using var subscription = new ZmqFrame();
        Waiting.Until(() => socket.TryReceive(subscription));
        // As large as the sink's: a head with version and number, and the event.
        var body = new byte[BinaryFrame.HeadSize + (eventsPerMessage * BinaryFrame.EventSize)];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages; i++)
        {
            if (i % messagesPerRun == 0)
            {
                receiver.LetCome((long)i * eventsPerMessage, OnTheWay - RunLength);
            }

            if (!socket.TrySend(Topic, more: true) || !socket.TrySend(body))
            {
                throw new InvalidOperationException("Invariant: the high-water mark is above the count.");
            }
        }

        return events / receiver.WaitForAll(start);
    }

    /// <summary>What a tick costs the thread that runs the pipeline: in bursts that the queue takes, with a subscriber at the other end.</summary>
    private static void HandOver(List<BenchmarkCase> cases, int events)
    {
        using var bus = new Bus(new BusOptions { HighWater = 10_000_000 });
        using var sink = NewSink(new ZeroMqSinkOptions { Format = BusFormat.Binary }, bus);
        using var receiver = new BusReceiver(sink.Endpoints["tick"], Topic, int.MaxValue, 1, 10_000_000);
        Waiting.Until(() => sink.HasSubscriber("tick_DEMO"));
        var run = Trades();
        var (rounds, allocated) = (new List<double>(), 0L);
        for (var round = -1; round < Rounds.Count; round++)
        {
            var (ticks, handed) = (0L, 0);
            while (handed < events / Rounds.Count)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var start = Stopwatch.GetTimestamp();
                for (var i = 0; i < 16; i++)
                {
                    sink.Observe(Run<MarketEvent>.Of(run));
                }

                ticks += Stopwatch.GetTimestamp() - start;
                allocated += GC.GetAllocatedBytesForCurrentThread() - before - (16 * RunOverhead);
                handed += 16 * RunLength;
                while (sink.Waiting > 0)
                {
                    Waiting.Briefly();
                }
            }

            if (round >= 0)
            {
                rounds.Add(ticks * 1e9 / Stopwatch.Frequency / handed);
            }
        }

        cases.Add(new BenchmarkCase("hand_over", Rounds.Median(rounds), "ns/event", 100, null) { AtMost = true });
        cases.Add(new BenchmarkCase("hand_over.allocated", Math.Max(0, allocated) / (double)events, "B/event", 0, null) { AtMost = true });
    }

    // Run<T>.Of makes a cursor, which in a graph there is one of per block.
    private static readonly long RunOverhead = MeasureRunOverhead();

    private static long MeasureRunOverhead()
    {
        var run = Trades();
        _ = Run<MarketEvent>.Of(run).Length;
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = Run<MarketEvent>.Of(run).Length;
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>10,000 ticks a second, evenly spaced.</summary>
    private static void Latency(List<BenchmarkCase> cases, string name, int events, int coalesceMs)
    {
        using var bus = new Bus(new BusOptions());
        using var sink = NewSink(new ZeroMqSinkOptions { Format = BusFormat.Binary, CoalesceMs = coalesceMs }, bus);
        using var receiver = new BusReceiver(sink.Endpoints["tick"], Topic, events, 1, 100_000);
        Waiting.Until(() => sink.HasSubscriber("tick_DEMO"));
        var run = Trades()[..1];
        var calls = new double[events];
        var interval = Stopwatch.Frequency / 10_000;
        var due = Stopwatch.GetTimestamp();
        for (var i = 0; i < events; i++, due += interval)
        {
            // Waiting by yielding leaves the other core, and this one between looks, to the threads that are measured.
            while (Stopwatch.GetTimestamp() < due)
            {
                Thread.Yield();
            }

            var start = Stopwatch.GetTimestamp();
            run[0].ReceiveTime = start;
            sink.Observe(Run<MarketEvent>.Of(run));
            calls[i] = (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency;
        }

        receiver.WaitForAll(due);
        var latencies = receiver.Latencies.Order().ToArray();
        Array.Sort(calls);
        cases.Add(new BenchmarkCase($"{name}.latency_p50", latencies[latencies.Length / 2], "us", null, null));
        cases.Add(new BenchmarkCase($"{name}.latency_p99", latencies[latencies.Length * 99 / 100], "us", null, null));
        cases.Add(new BenchmarkCase($"{name}.hand_over_p50", calls[calls.Length / 2], "us", null, null));
        cases.Add(new BenchmarkCase($"{name}.hand_over_p99", calls[calls.Length * 99 / 100], "us", null, null));
    }

    /// <summary>What a source costs that receives nothing: the processor time of the whole process while a pipeline of it waits, in percent of one core.</summary>
    private static void Idle(List<BenchmarkCase> cases, TimeSpan time)
    {
        using var context = new ZmqContext();
        using var silent = new ZmqSocket(context, SocketKind.XPub);
        silent.Bind(Anywhere);
        using var bus = new Bus(new BusOptions());
        var source = new ZeroMqSource<MarketEvent>(new ZeroMqSourceOptions { Channels = ["tick"], Endpoint = silent.LastEndpoint }, Context("idle"), bus, Market, new MarketFormat(Market));
        using var graph = new GraphBuilder().Add("idle", source).Build();
        using var stop = new CancellationTokenSource();
        var run = graph.RunAsync(stop.Token);
        using var subscription = new ZmqFrame();
        Waiting.Until(() => silent.TryReceive(subscription));
        // What the cases before this one left to do, such as compiling, is not the source's.
        GC.Collect();
        Waiting.For(TimeSpan.FromSeconds(1));

        using var process = Process.GetCurrentProcess();
        var (used, since) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        Waiting.For(time);
        process.Refresh();
        var percent = 100 * (process.TotalProcessorTime - used) / Stopwatch.GetElapsedTime(since);
        stop.Cancel();
        run.Wait(Waiting.Patience);
        cases.Add(new BenchmarkCase("idle", percent, "% of a core", 1, null) { AtMost = true });
    }
}
