using System.Text.Json;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Kinds of the messages between a phase and a candidate in a process of its own. Each is numbered with what its words say.</summary>
internal static class ChildMessage
{
    /// <summary>To the candidate, first: a <see cref="ChildSetup"/>.</summary>
    public const ushort Setup = 1;

    /// <summary>To the candidate: a batch of operations, and its number.</summary>
    public const ushort Operations = 2;

    /// <summary>To the candidate: a switch and its value, as <c>NAME=value</c>.</summary>
    public const ushort Switch = 3;

    /// <summary>To the candidate: nothing more comes. Without it the end of the input is the end of the phase's process.</summary>
    public const ushort End = 4;

    /// <summary>From the candidate: it is made.</summary>
    public const ushort Ready = 11;

    /// <summary>From the candidate: why it could not be made.</summary>
    public const ushort Refused = 12;

    /// <summary>From the candidate: an answer.</summary>
    public const ushort Answer = 13;

    /// <summary>From the candidate: what the baseline says when it is asked again.</summary>
    public const ushort Repetition = 14;

    /// <summary>From the candidate: the operation up to which it is through.</summary>
    public const ushort Handled = 15;
}

/// <summary>All that a candidate in a process of its own is told at its begin. It goes over the pipe, because a command line or an environment can be read by others.</summary>
/// <param name="File">The pipeline's file, in full; only its folder counts, where the paths of options begin.</param>
/// <param name="Pipeline">The candidate's part of it, as YAML.</param>
/// <param name="Classes">What that needs registered: file and name of each.</param>
/// <param name="Answering">The block that answers.</param>
/// <param name="Repeating">The block that is the baseline, asked again; null when it is not.</param>
/// <param name="HangAfter">How long it may take to end.</param>
/// <param name="Rank">Where it stands to all others; null for beside them.</param>
internal sealed record ChildSetup(string File, string Pipeline, IReadOnlyList<ChildClass> Classes, string Answering, string? Repeating, TimeSpan HangAfter, Dataflow.ThreadRank? Rank = null)
{
    /// <summary>Name of the source in <see cref="Pipeline"/>.</summary>
    public const string Source = "operations";

    /// <summary>What a phase tells its candidate.</summary>
    /// <exception cref="ConfigurationException">The candidate cannot run in another process.</exception>
    public static ChildSetup Of<TIn, TOut>(PipelinePlan plan, CandidateParts parts, TimeSpan hangAfter, IEventFormats formats, Func<string, ConfigurationException> refuse)
        where TIn : struct, Dataflow.IEvent<TIn>
        where TOut : struct, Dataflow.IEvent<TOut>
    {
        const string Remedy = "Remove isolation: process, and the candidate runs on a thread of this process.";
        // By name, which the other process needs too; what has a format has a codec.
        if (plan.Registry.FormatOf(typeof(TIn)) is null || EventCodec<TIn>.Find(formats) is null || EventCodec<TOut>.Find(formats) is null)
        {
            throw refuse($"operations of type {typeof(TIn).Name} have no format, in which they could reach a candidate in a process of its own. Write an EventFormat for them. {Remedy}");
        }

        var own = parts.Own.Concat(parts.Again).Select(p => p.Name).ToList();
        if (own.FirstOrDefault(o => plan[o].Type.Io) is { } waiting)
        {
            throw refuse($"'{waiting}' waits for the outside world, and a candidate in a process of its own gets no connection to it. {Remedy}");
        }

        var excerpt = PlanExcerpt.Of(plan, [.. parts.Own, .. parts.Again], Source, CandidateProcess.SourceType, typeof(TIn));
        // What must be released is held open: a store, the bus, a login.
        if (excerpt.Sections.FirstOrDefault(s => s.Type.Class.IsAssignableTo(typeof(IDisposable))) is { } open)
        {
            throw refuse($"{string.Join(" or ", own.Select(o => $"'{o}'"))} needs the section {open.Type.Name}, which a candidate in a process of its own must not open a second time. {Remedy}");
        }

        return new ChildSetup(
            Path.Combine(plan.Directory, Path.GetFileName(plan.File)), excerpt.Text, [.. excerpt.Classes.Select(c => new ChildClass(c.Assembly.Location, c.FullName!))],
            parts.Answering, parts.Again.Count > 0 ? parts.Repeating : null, hangAfter);
    }

    /// <summary>As the text of a message.</summary>
    public byte[] ToText() => JsonSerializer.SerializeToUtf8Bytes(this);

    /// <summary>From the text of a message.</summary>
    public static ChildSetup Read(ReadOnlySpan<byte> text) => JsonSerializer.Deserialize<ChildSetup>(text)!;
}

/// <summary>A class that is registered in both processes.</summary>
internal sealed record ChildClass(string File, string Name);
