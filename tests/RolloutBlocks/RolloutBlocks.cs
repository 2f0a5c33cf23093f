using System.Collections.Concurrent;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Rollout;

/// <summary>One unit of work.</summary>
public readonly record struct Operation(long Sequence, long EventTime, int Symbol, double Value) : IEvent<Operation>
{
    public long PartitionKey => Symbol;

    public long ConflationKey => Symbol;

    public static void AppendTo(ReadOnlySpan<Operation> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append(e.Value);
        }
    }
}

/// <summary>What a block says to it.</summary>
public readonly record struct Answer(long Sequence, long EventTime, int Symbol, double Score, string By) : IEvent<Answer>
{
    public long PartitionKey => Symbol;

    public long ConflationKey => Symbol;

    public static void AppendTo(ReadOnlySpan<Answer> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append(e.Score).Append(e.By);
        }
    }
}

[EventFormat("operation")]
public sealed class OperationFormat : EventFormat<Operation>
{
    public override IReadOnlyList<string> Fields { get; } = ["seq", "ts", "symbol", "value"];

    public override IReadOnlyList<string> Channels { get; } = ["operation"];

    public override void Write(in Operation value, IFieldWriter fields)
    {
        fields.Whole("seq", value.Sequence);
        fields.Time("ts", value.EventTime);
        fields.Whole("symbol", value.Symbol);
        fields.Real("value", value.Value);
    }

    public override Operation Read(IFieldReader fields) => new(fields.Whole("seq"), fields.Time("ts"), (int)fields.Whole("symbol"), fields.Real("value"));

    public override EventAddress AddressOf(in Operation value) => new("operation", Symbols.Names[value.Symbol], value.EventTime, value.Sequence);
}

[EventFormat("answer")]
public sealed class AnswerFormat : EventFormat<Answer>
{
    public override IReadOnlyList<string> Fields { get; } = ["seq", "ts", "symbol", "score", "by"];

    public override IReadOnlyList<string> Channels { get; } = ["answer"];

    public override void Write(in Answer value, IFieldWriter fields)
    {
        fields.Whole("seq", value.Sequence);
        fields.Time("ts", value.EventTime);
        fields.Whole("symbol", value.Symbol);
        fields.Real("score", value.Score);
        fields.Text("by", value.By == "nobody" ? throw new FormatException("made to fail") : value.By);
    }

    public override Answer Read(IFieldReader fields) => new(fields.Whole("seq"), fields.Time("ts"), (int)fields.Whole("symbol"), fields.Real("score"), fields.Text("by"));

    public override EventAddress AddressOf(in Answer value) => new("answer", Symbols.Names[value.Symbol], value.EventTime, value.Sequence);
}

public static class Symbols
{
    public static readonly string[] Names = ["WDOU25", "WINQ26", "PETR4", "VALE3"];
}

public sealed record FeedOptions
{
    public int Count { get; init; } = 1000;

    /// <summary>Pause behind every operation, in microseconds.</summary>
    public int PauseMicroseconds { get; init; }

    /// <summary>Sends so many and then waits until it is told to go on; 0 never waits.</summary>
    public int HoldAt { get; init; }
}

/// <summary>Ten operations a second of event time, over four symbols.</summary>
[Block("rollout.feed", "Sends operations.")]
public sealed class Feed(FeedOptions options) : Source<Operation>
{
    private readonly ManualResetEventSlim _goesOn = new();
    private long _sent;

    /// <summary>It no longer waits.</summary>
    public void GoOn() => _goesOn.Set();

    public override bool Read(Output<Operation> output, int limit, CancellationToken stop)
    {
        if (options.PauseMicroseconds > 0)
        {
            Thread.Sleep(TimeSpan.FromMicroseconds(options.PauseMicroseconds));
            limit = 1;
        }

        if (_sent == options.HoldAt && _sent > 0)
        {
            _goesOn.Wait(stop);
        }

        for (var i = 0; i < limit && _sent < options.Count && (i == 0 || _sent != options.HoldAt); i++)
        {
            _sent++;
            output.Add(new Operation(_sent, _sent * 100_000_000, (int)(_sent % 4), _sent));
        }

        return _sent < options.Count;
    }
}

/// <summary>The same as if they came over the bus.</summary>
[Block("rollout.bus_feed", "Sends operations.", FromBus = true)]
public sealed class BusFeed(FeedOptions options) : Source<Operation>
{
    private readonly Feed _feed = new(options);

    /// <summary>It no longer waits.</summary>
    public void GoOn() => _feed.GoOn();

    public override bool Read(Output<Operation> output, int limit, CancellationToken stop) => _feed.Read(output, limit, stop);
}

/// <summary>What may be wrong with a candidate.</summary>
public enum Mode
{
    Good,
    Off,
    Throws,
    Hangs,
    Spins,
    Allocates,
    Drops,
    Nan,
    Late,
    WrongKey,
    ThrowsInConstructor,
    HangsInConstructor,
    ThrowsInStart,
    HangsInStart,
    ThrowsInDispose,

    /// <summary>Keeps whatever it allocates.</summary>
    Hoards,

    /// <summary>Writes over the operations that it was given.</summary>
    Mutates,

    /// <summary>Ends its process as native code does.</summary>
    FailsFast,

    /// <summary>Ends its process in good order.</summary>
    Exits,

    /// <summary>Writes to the standard output.</summary>
    Prints,

    /// <summary>Answers with the number of its process.</summary>
    TellsProcess,

    /// <summary>Answers with the rank of its thread: 0 is ordinary, more stands behind.</summary>
    TellsRank,

    /// <summary>Answers with a variable of its environment.</summary>
    TellsSecret,

    /// <summary>Its answers cannot be printed, nor compared.</summary>
    Unprintable,

    /// <summary>No two instances agree.</summary>
    Moody,
}

public sealed record AnswerOptions
{
    public string By { get; init; } = "baseline";

    public Mode Mode { get; init; } = Mode.Good;

    /// <summary>It misbehaves at every so manieth operation.</summary>
    public int Every { get; init; } = 1;

    /// <summary>Until this operation it behaves.</summary>
    public long After { get; init; }

    /// <summary>Where a baseline writes down its last operation, and from where a candidate takes its score when it begins; none when empty.</summary>
    public string Board { get; init; } = "";
}

/// <summary>Answers with the operation's value; misbehaves as it is told.</summary>
[Block("rollout.answer", "Answers operations.")]
public sealed class Answerer : Operator<Operation, Answer>
{
    /// <summary>What <see cref="Mode.TellsSecret"/> looks for.</summary>
    public const string Secret = "QT_TEST_SECRET";

    private static readonly List<byte[]> Hoard = [];
    private static readonly ConcurrentDictionary<string, long> Boards = new();
    private static int _instances;

    private readonly AnswerOptions _options;
    private readonly int _mood = Interlocked.Increment(ref _instances);

    public Answerer(AnswerOptions options)
    {
        _options = options;
        FailWhere(Mode.ThrowsInConstructor, Mode.HangsInConstructor);
    }

    public override void Start() => FailWhere(Mode.ThrowsInStart, Mode.HangsInStart);

    private void FailWhere(Mode throws, Mode hangs)
    {
        if (_options.Mode == throws)
        {
            throw new InvalidOperationException("made to fail");
        }

        if (_options.Mode == hangs)
        {
            Thread.Sleep(Timeout.Infinite);
        }
    }

    /// <summary>The rank of the calling thread, as Linux tells it.</summary>
    public static string Rank()
    {
        const string SchedIdle = "5";
        var stat = File.ReadAllText("/proc/thread-self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[38] == SchedIdle ? "idle" : fields[16];
    }

    public override void Process(Run<Operation> run, Output<Answer> output)
    {
        foreach (ref readonly var operation in run)
        {
            var score = _options.Board.Length > 0 && _options.By == "candidate" ? Boards.GetValueOrDefault(_options.Board) : operation.Value;
            var answer = new Answer(operation.Sequence, operation.EventTime, operation.Symbol, score, _options.By);
            switch (operation.Sequence > _options.After && operation.Sequence % _options.Every == 0 ? _options.Mode : Mode.Good)
            {
                case Mode.Off:
                    answer = answer with { Score = -operation.Value };
                    break;
                case Mode.Throws:
                    throw new InvalidOperationException("made to fail");
                case Mode.Hangs:
                    Thread.Sleep(Timeout.Infinite);
                    break;
                case Mode.Spins:
                    while (!BrokenOff.IsCancellationRequested)
                    {
                    }

                    break;
                case Mode.Allocates:
                    GC.KeepAlive(new byte[1 << 20]);
                    break;
                case Mode.Hoards:
                    var taken = new byte[8 << 20];
                    taken.AsSpan().Fill(1);
                    Hoard.Add(taken);
                    break;
                case Mode.Mutates:
                    System.Runtime.CompilerServices.Unsafe.AsRef(in operation) = default;
                    break;
                case Mode.FailsFast:
                    Environment.FailFast("made to die");
                    break;
                case Mode.Exits:
                    Environment.Exit(3);
                    break;
                case Mode.Prints:
                    Console.Out.WriteLine("made to print");
                    break;
                case Mode.TellsProcess:
                    answer = answer with { By = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture) };
                    break;
                case Mode.TellsRank:
                    answer = answer with { By = Rank() };
                    break;
                case Mode.TellsSecret:
                    answer = answer with { By = $"{_options.By} {Environment.GetEnvironmentVariable(Secret) ?? "nothing"}" };
                    break;
                case Mode.Drops:
                    run.Drop("made to drop");
                    continue;
                case Mode.Nan:
                    answer = answer with { Score = double.NaN };
                    break;
                case Mode.Late:
                    Thread.Sleep(20);
                    break;
                case Mode.Unprintable:
                    answer = answer with { By = "nobody" };
                    break;
                case Mode.Moody:
                    answer = answer with { Score = operation.Value + _mood };
                    break;
                case Mode.WrongKey:
                    answer = answer with { Symbol = (operation.Symbol + 1) % 4 };
                    break;
            }

            if (_options.Board.Length > 0 && _options.By == "baseline")
            {
                Boards[_options.Board] = operation.Sequence;
            }

            output.Add(answer);
        }
    }

    public override void Dispose()
    {
        if (_options.Mode == Mode.ThrowsInDispose)
        {
            throw new InvalidOperationException("made to fail");
        }

        base.Dispose();
    }
}

/// <summary>An operation that nobody can write down: it has no format.</summary>
public readonly record struct Bare(Operation Operation, object Mark) : IEvent<Bare>
{
    public long Sequence => Operation.Sequence;

    public long PartitionKey => Operation.PartitionKey;

    public long ConflationKey => Operation.ConflationKey;

    public static void AppendTo(ReadOnlySpan<Bare> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence);
        }
    }
}

[Block("rollout.bare", "Makes operations without a format.")]
public sealed class Barer : Operator<Operation, Bare>
{
    public override void Process(Run<Operation> run, Output<Bare> output)
    {
        foreach (ref readonly var operation in run)
        {
            output.Add(new Bare(operation, this));
        }
    }
}

[Block("rollout.bare_answer", "Answers operations without a format.")]
public sealed class BareAnswerer : Operator<Bare, Answer>
{
    public override void Process(Run<Bare> run, Output<Answer> output)
    {
        foreach (ref readonly var bare in run)
        {
            output.Add(new Answer(bare.Sequence, bare.Operation.EventTime, bare.Operation.Symbol, bare.Operation.Value, "bare"));
        }
    }
}

/// <summary>A section that holds something open.</summary>
[Section("rollout_open", "Holds something open.")]
public sealed class OpenSection : IDisposable
{
    public void Dispose()
    {
    }
}

[Block("rollout.open_answer", "Answers operations by a section.")]
public sealed class OpenAnswerer(OpenSection open) : Operator<Operation, Answer>
{
    public override void Process(Run<Operation> run, Output<Answer> output)
    {
        foreach (ref readonly var operation in run)
        {
            output.Add(new Answer(operation.Sequence, operation.EventTime, operation.Symbol, operation.Value, open.ToString()!));
        }
    }
}

/// <summary>Keeps what it reads.</summary>
[Block("rollout.keep", "Keeps answers.")]
public sealed class Keep : Observer<Answer>
{
    public List<Answer> Answers { get; } = [];

    public override void Observe(Run<Answer> run)
    {
        foreach (ref readonly var answer in run)
        {
            Answers.Add(answer);
        }
    }
}
