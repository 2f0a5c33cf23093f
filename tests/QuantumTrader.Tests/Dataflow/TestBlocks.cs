using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

/// <summary>A number with a key.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Number(long sequence, long value, long key = 0) : IEvent<Number>
{
    public long Sequence = sequence;
    public long Value = value;
    public long Key = key;

    readonly long IEvent<Number>.Sequence => Sequence;

    public readonly long PartitionKey => Key;

    public readonly long ConflationKey => Key;

    public static void AppendTo(ReadOnlySpan<Number> events, IncrementalHash hash) => hash.AppendData(MemoryMarshal.AsBytes(events));

    public override readonly string ToString() => $"#{Sequence}={Value}";
}

/// <summary>Sends 1 … count, in reads whose sizes follow a seed.</summary>
public sealed class Counting(long count, int seed = 1, Func<long, long>? keyOf = null) : Source<Number>
{
    private readonly Random _sizes = new(seed);
    private long _sent;

    public override bool Read(Output<Number> output, int limit, CancellationToken stop)
    {
        for (var left = _sizes.Next(0, limit + 1); left > 0 && _sent < count; left--)
        {
            _sent++;
            output.Add(new Number(_sent, _sent, keyOf?.Invoke(_sent) ?? _sent % 7));
        }

        return _sent < count;
    }
}

/// <summary>Never ends by itself.</summary>
public sealed class Endless : Source<Number>
{
    private long _sent;

    public override bool Read(Output<Number> output, int limit, CancellationToken stop)
    {
        for (var i = 0; i < limit; i++)
        {
            output.Add(new Number(++_sent, _sent));
        }

        return true;
    }
}

/// <summary>Sends each event as many times as a function of its value says, each time with another value.</summary>
[Partitioned]
public sealed class Multiply(Func<long, int> times, long factor = 3) : Operator<Number, Number>
{
    public override void Process(Run<Number> run, Output<Number> output)
    {
        foreach (ref readonly var e in run)
        {
            var n = times(e.Value);
            for (var i = 0; i < n; i++)
            {
                output.Add(new Number(e.Sequence, (e.Value * factor) + i, e.Key));
            }
        }
    }
}

/// <summary>A running sum per key: wrong as soon as one key's events are out of order or on two instances.</summary>
[Partitioned]
public sealed class SumPerKey : Operator<Number, Number>
{
    private readonly Dictionary<long, long> _sums = [];

    public override void Process(Run<Number> run, Output<Number> output)
    {
        foreach (ref readonly var e in run)
        {
            var sum = (_sums.GetValueOrDefault(e.Key) * 31) + e.Value;
            _sums[e.Key] = sum;
            output.Add(new Number(e.Sequence, sum, e.Key));
        }
    }
}

/// <summary>Changes values in place and drops some.</summary>
[Partitioned]
public sealed class DropAndChange(Func<long, bool> drop) : Filter<Number>
{
    public override void Process(EditableRun<Number> run)
    {
        foreach (ref var e in run)
        {
            if (drop(e.Value))
            {
                run.Drop("unwanted");
                continue;
            }

            e.Value = -e.Value;
        }
    }
}

/// <summary>Keeps all it sees.</summary>
public class Collect : Observer<Number>
{
    public List<Number> Seen { get; } = [];

    public override void Observe(Run<Number> run)
    {
        foreach (ref readonly var e in run)
        {
            Seen.Add(e);
        }
    }
}

/// <summary>Reads slowly, on a thread of its own if the graph says so.</summary>
public sealed class Stuck(ManualResetEventSlim release) : Observer<Number>
{
    public override void Observe(Run<Number> run) => release.Wait();
}

/// <summary>Throws at some values.</summary>
public sealed class Throwing(Func<long, bool> at) : Operator<Number, Number>
{
    public override void Process(Run<Number> run, Output<Number> output)
    {
        foreach (ref readonly var e in run)
        {
            if (at(e.Value))
            {
                throw new InvalidDataException($"cannot digest {e.Value}");
            }

            output.Add(e);
        }
    }
}

/// <summary>Takes the balance of both inputs, in their merged order.</summary>
[SidePort("side")]
public sealed class TwoSided : Operator<Number, Number, Number>
{
    private long _state;

    public override void Process(Run<Number> run, Output<Number> output)
    {
        foreach (ref readonly var e in run)
        {
            _state = (_state * 31) + e.Value;
            output.Add(new Number(e.Sequence, _state));
        }
    }

    public override void ProcessSide(Run<Number> run, Output<Number> output)
    {
        foreach (ref readonly var e in run)
        {
            _state = (_state * 17) - e.Value;
        }
    }
}

/// <summary>Says one thing too many about what it did with its input.</summary>
public sealed class Forgetful : Operator<Number, Number>
{
    public override bool Conserves => true;

    public override void Process(Run<Number> run, Output<Number> output)
    {
        foreach (ref readonly var e in run)
        {
            if (e.Value != 5)
            {
                output.Pass(e);
            }
        }
    }
}

internal static class GraphTestExtensions
{
    public static GraphReport Run(this GraphBuilder builder)
    {
        using var graph = builder.Build();
        var run = graph.RunAsync();
        run.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue("the graph must end");
        return run.Result;
    }

    public static void ShouldBeSound(this GraphReport report)
    {
        report.Fault.ShouldBeNull();
        report.Imbalances.ShouldBeEmpty();
        report.Balanced.ShouldBeTrue();
        report.Completed.ShouldBeTrue();
    }

    public static BlockReport Block(this GraphReport report, string name) => report.Blocks.Single(b => b.Name == name);
}

/// <summary>A spill that holds up to a limit: stands for one whose disk is full.</summary>
public sealed class QueueSpill<T>(int limit) : ISpill<T> where T : struct, IEvent<T>
{
    private readonly Queue<T> _events = new();

    public bool IsDisposed { get; private set; }

    public long Count => _events.Count;

    public int Write(ReadOnlySpan<T> events)
    {
        var taken = Math.Min(events.Length, limit - _events.Count);
        foreach (var e in events[..taken])
        {
            _events.Enqueue(e);
        }

        return taken;
    }

    public int Read(Span<T> into)
    {
        var count = 0;
        while (count < into.Length && _events.TryDequeue(out into[count]))
        {
            count++;
        }

        return count;
    }

    public void Dispose() => IsDisposed = true;
}

/// <summary>Remembers what it opened.</summary>
public sealed class QueueSpills(int limit) : ISpillStore
{
    public Dictionary<string, object> Opened { get; } = [];

    public ISpill<T> Open<T>(string edge) where T : struct, IEvent<T>
    {
        var spill = new QueueSpill<T>(limit);
        Opened[edge] = spill;
        return spill;
    }
}
