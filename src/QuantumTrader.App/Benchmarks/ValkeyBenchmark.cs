using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// The Valkey store against valkey-benchmark, which sends the same fields from a fixed buffer, and against a bare socket that sends the same
/// commands, page for page, and only receives the replies. It starts a server of its own. Peers take turns, many times, and medians count:
/// what else runs on the machine hits both.
/// </summary>
internal static class ValkeyBenchmark
{
    private const int Pack = 100;
    private const int Pipeline = 1000;

    // Events that are handed to the store at once: a sink that catches up does the same.
    private const int Piece = 16_384;

    private const int Hour = 36_000;
    private const double LongestPing = 5;
    private const int WriteRounds = 11;
    private const int ReadRounds = 41;
    private const int PingRoundMs = 60;

    /// <summary>Runs it; null when Valkey is not installed.</summary>
    public static BenchmarkResult? Run(BenchmarkRequest request) => WithServer(port =>
    {
        var cases = new List<BenchmarkCase>();
        Write(cases, port, request.IsQuick ? 20_000 : 100_000);
        Read(cases, port, request.IsQuick ? Hour / 10 : Hour);
        return new BenchmarkResult("valkey", cases);
    });

    /// <summary>Measures with a server of its own on a free port; null when Valkey is not installed.</summary>
    public static BenchmarkResult? WithServer(Func<int, BenchmarkResult> measure)
    {
        var folder = Directory.CreateTempSubdirectory("qt-bench-");
        try
        {
            using var server = Start(folder.FullName, out var port);
            if (server is null)
            {
                Console.Error.WriteLine("valkey-server and valkey-benchmark were not found. On Debian 12 run as root: bash src/valkey.sh");
                return null;
            }

            try
            {
                return measure(port);
            }
            finally
            {
                server.Kill();
                server.WaitForExit();
            }
        }
        finally
        {
            folder.Delete(true);
        }
    }

    /// <summary>The market of all trades here.</summary>
    public static MarketContext Market { get; } = MarketContext.Of(new TradingCalendar(), new Instrument("WDOU25", 0.5m, 10m, 1m));

    private static readonly MarketFormat s_format = new(Market);

    private static void Write(List<BenchmarkCase> cases, int port, int count)
    {
        var trades = Trades(count, 10_000_000);
        var canonical = Sample(port, trades, 1);
        var packed = Sample(port, trades, Pack);
        // Batches of packed entries are cut by their bytes: as many entries as the store sends at once.
        var packedPipeline = Math.Max(1, 128 * 1024 / packed.Sum(f => f.Length));
        var figures = Rounds.Run(
            WriteRounds,
            () => Append(port, trades, 1),
            () => ServerBenchmark(port, count, Pipeline, canonical),
            () => Append(port, trades, Pack),
            () => Pack * ServerBenchmark(port, count / Pack * 4, packedPipeline, packed));
        cases.Add(new BenchmarkCase("benchmark canonical", Rounds.Median(figures[0]), "events/s", 0.8, Rounds.Ratio(figures[0], figures[1])) { Against = "valkey-benchmark" });
        cases.Add(new BenchmarkCase("benchmark canonical.peer_valkey_benchmark", Rounds.Median(figures[1]), "events/s", null, null));
        cases.Add(new BenchmarkCase("benchmark packed", Rounds.Median(figures[2]), "events/s", 0.8, Rounds.Ratio(figures[2], figures[3])) { Against = "valkey-benchmark" });
        cases.Add(new BenchmarkCase("benchmark packed.peer_valkey_benchmark", Rounds.Median(figures[3]), "events/s", null, null));
    }

    private static void Read(List<BenchmarkCase> cases, int port, int count)
    {
        var trades = Trades(count, 100_000_000);
        foreach (var (name, pack, chunk) in new[] { ("one_field", 2, 1), ("many_fields", 1, count), ("packed", Pack, count) })
        {
            Flush(port);
            using var store = Open(port, pack);
            foreach (var part in trades.Chunk(chunk))
            {
                store.Append<MarketEvent>(part, s_format);
            }

            store.Flush();
            using var bare = Connect(port);
            var pages = Recorded(port, () => Query(store, count)).Select(command => (Command: command, Length: ReplyLength(bare, command))).ToList();
            for (var i = 0; i < 20; i++)
            {
                Query(store, count);
                Receive(bare, pages);
            }

            var figures = Rounds.Run(ReadRounds, () => Timed(() => Query(store, count)), () => Timed(() => Receive(bare, pages)));
            var pings = Rounds.Run(() => WorstPing(port, () => Query(store, count)), () => WorstPing(port, () => Receive(bare, pages)));
            cases.Add(new BenchmarkCase($"read_{name}", Rounds.Median(figures[0]), "ms", 1.3, Rounds.Ratio(figures[0], figures[1])) { Against = "bare socket", AtMost = true });
            cases.Add(new BenchmarkCase($"read_{name}.peer_bare_socket", Rounds.Median(figures[1]), $"ms ({pages.Count} commands)", null, null));
            cases.Add(new BenchmarkCase($"read_{name}.worst_ping_of_another", Rounds.Median(pings[0]), "ms", LongestPing, null) { AtMost = true });
            cases.Add(new BenchmarkCase($"read_{name}.worst_ping_of_another.peer_bare_socket", Rounds.Median(pings[1]), "ms", null, null));
        }
    }

    /// <summary>Trades, all different.</summary>
    public static MarketEvent[] Trades(int count, long nanosecondsApart)
    {
        var trades = new MarketEvent[count];
        for (var i = 0; i < count; i++)
        {
            trades[i] = new MarketEvent
            {
                Kind = EventKind.Trade,
                Sequence = i + 1,
                EventTime = 1_754_917_200_000_000_000 + (i * nanosecondsApart),
                ReceiveTime = 1_754_917_200_003_000_000 + (i * nanosecondsApart),
                Symbol = 1,
                TradeNumber = 10_000 + i,
                Price = Scaled.FromDouble(5432.5 + (i % 17 * 0.5)),
                Quantity = (1 + (i % 9)) * Scaled.One,
                Buyer = 308,
                Seller = 85 + (i % 5),
                Side = i % 2 == 0 ? Side.Buy : Side.Sell,
                SideSource = SideSource.Flag,
            };
        }

        return trades;
    }

    /// <summary>A store on the server.</summary>
    public static ValkeyStore Open(int port, int pack) =>
        ValkeyStore.Open(new ValkeyOptions { Host = "127.0.0.1", Port = port, Pack = pack, Pipeline = Pipeline, TimeoutMs = 10_000 }, Market.Calendar, TimeProvider.System);

    private static double Append(int port, MarketEvent[] trades, int pack)
    {
        Flush(port);
        using var store = Open(port, pack);
        store.Append<MarketEvent>(trades.AsSpan(0, 1), s_format);
        store.Flush();
        var start = Stopwatch.GetTimestamp();
        for (var at = 1; at < trades.Length; at += Piece)
        {
            store.Append<MarketEvent>(trades.AsSpan(at, Math.Min(Piece, trades.Length - at)), s_format);
        }

        store.Flush();
        return trades.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // The fields of an entry in the middle, as the store wrote them.
    private static byte[][] Sample(int port, MarketEvent[] trades, int pack)
    {
        Append(port, trades[..Math.Min(trades.Length, 5000)], pack);
        using var socket = Connect(port);
        var reader = new BinaryReader(new BufferedStream(new NetworkStream(socket)), Encoding.ASCII);
        socket.Send(Command("XREVRANGE", "qt:tick:WDOU25", "+", "-", "COUNT", "3"));
        byte[][] fields = [];
        Line(reader);
        for (var entry = 0; entry < 3; entry++)
        {
            Line(reader);
            Bulk(reader);
            fields = new byte[int.Parse(Line(reader)[1..], CultureInfo.InvariantCulture)][];
            for (var i = 0; i < fields.Length; i++)
            {
                fields[i] = Bulk(reader);
            }
        }

        return fields;
    }

    private static string Line(BinaryReader reader)
    {
        var line = new StringBuilder();
        for (var c = reader.ReadByte(); c != '\n'; c = reader.ReadByte())
        {
            line.Append((char)c);
        }

        return line.ToString().TrimEnd('\r');
    }

    private static byte[] Bulk(BinaryReader reader)
    {
        var bytes = reader.ReadBytes(int.Parse(Line(reader)[1..], CultureInfo.InvariantCulture));
        reader.ReadBytes(2);
        return bytes;
    }

    private static double ServerBenchmark(int port, int count, int pipeline, byte[][] fields)
    {
        Flush(port);
        // An argument cannot carry any byte, but the same number of letters costs the server the same.
        string[] arguments = ["-p", port.ToString(CultureInfo.InvariantCulture), "-c", "1", "-P", pipeline.ToString(CultureInfo.InvariantCulture), "-n", count.ToString(CultureInfo.InvariantCulture), "--csv",
            "XADD", "qt:tick:WDOU25", "*", .. fields.Select(f => f.All(b => b is > 32 and < 127) ? Encoding.ASCII.GetString(f) : new string('x', f.Length))];
        using var process = Process.Start(new ProcessStartInfo("valkey-benchmark", arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(output.TrimEnd().Split('\n')[^1].Split("\",\"")[1].Trim('"'), CultureInfo.InvariantCulture);
    }

    private static void Query(ValkeyStore store, int expected)
    {
        var sum = 0L;
        var answer = store.Query(new StoreQuery("tick", "WDOU25", 1_754_917_200_000_000_000, 1_754_917_200_000_000_000 + 3_600_000_000_000), s_format, page =>
        {
            foreach (ref readonly var e in page)
            {
                sum += e.Price;
            }

            return true;
        });
        if (answer.Count != expected || sum == 0)
        {
            throw new InvalidOperationException($"Invariant: {answer.Count} of {expected} trades were read.");
        }
    }

    private static void Receive(Socket socket, List<(byte[] Command, long Length)> pages)
    {
        foreach (var (command, length) in pages)
        {
            socket.Send(command);
            for (var left = length; left > 0;)
            {
                var read = socket.Receive(s_received.AsSpan(0, (int)Math.Min(left, s_received.Length)));
                left -= read > 0 ? read : throw new IOException("the server closed the connection");
            }
        }
    }

    private static readonly byte[] s_received = new byte[1 << 20];

    // The commands that read, as the server saw them.
    private static List<byte[]> Recorded(int port, Action action)
    {
        using var monitor = Connect(port);
        using var lines = new StreamReader(new NetworkStream(monitor), Encoding.ASCII);
        monitor.Send(Command("MONITOR"));
        lines.ReadLine();
        action();
        using var end = Connect(port);
        end.Send(Command("ECHO", "end"));
        var commands = new List<byte[]>();
        while (lines.ReadLine() is { } line && !line.Contains("\"ECHO\"", StringComparison.Ordinal))
        {
            // +1763720000.123456 [0 127.0.0.1:40000] "XRANGE" "qt:tick:WDOU25" "0" "+" "COUNT" "128"
            var parts = line[(line.IndexOf(']', StringComparison.Ordinal) + 1)..].Split('"').Where((_, i) => i % 2 == 1).ToArray();
            if (parts[0].Contains("RANGE", StringComparison.Ordinal))
            {
                commands.Add(Command(parts));
            }
        }

        return commands;
    }

    private static long ReplyLength(Socket socket, byte[] command)
    {
        var end = "$11\r\nend-of-page\r\n"u8;
        socket.Send([.. command, .. Command("ECHO", "end-of-page")]);
        var (length, last) = (0L, Array.Empty<byte>());
        while (!last.AsSpan().EndsWith(end))
        {
            var read = socket.Receive(s_received);
            length += read;
            last = [.. last, .. s_received[..read]];
            last = last[^Math.Min(last.Length, end.Length)..];
        }

        return length - end.Length;
    }

    private static double Timed(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Empties the server.</summary>
    public static void Flush(int port)
    {
        using var socket = Connect(port);
        socket.Send(Command("FLUSHALL"));
        socket.Receive(s_received);
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static byte[] Command(params string[] parts) =>
        Encoding.ASCII.GetBytes($"*{parts.Length}\r\n" + string.Concat(parts.Select(p => $"${p.Length}\r\n{p}\r\n")));

    private static Process? Start(string folder, out int port)
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!path.Any(p => File.Exists(Path.Combine(p, "valkey-server"))) || !path.Any(p => File.Exists(Path.Combine(p, "valkey-benchmark"))))
        {
            return null;
        }

        string[] arguments = ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
        var server = Process.Start(new ProcessStartInfo("valkey-server", arguments) { RedirectStandardOutput = true })!;
        while (server.StandardOutput.ReadLine() is { } line && !line.Contains("Ready to accept", StringComparison.Ordinal))
        {
            // It says a few things before it is ready.
        }

        _ = server.StandardOutput.ReadToEndAsync();
        return server;
    }

    // Another client sends PING after PING meanwhile: the longest that it had to wait, in ms. It rests in between, so that it takes no
    // processor from the two that it looks at.
    private static double WorstPing(int port, Action action)
    {
        using var socket = Connect(port);
        using var isDone = new ManualResetEventSlim();
        var worst = 0.0;
        var thread = new Thread(() =>
        {
            var answer = new byte[16];
            var ping = Command("PING");
            while (!isDone.Wait(1))
            {
                worst = Math.Max(worst, Timed(() =>
                {
                    socket.Send(ping);
                    socket.Receive(answer);
                }));
            }
        });
        thread.Start();
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since).TotalMilliseconds < PingRoundMs;)
        {
            action();
        }

        isDone.Set();
        thread.Join();
        return worst;
    }
}
