using QuantumTrader.Pipelines;
using QuantumTrader.Rollout.Checks;
using QuantumTrader.Rollout.Journal;
using QuantumTrader.Rollout.Serving;

namespace QuantumTrader.Rollout;

/// <summary>The phases of a pipeline: what is switched on step by step, and can be taken back at once.</summary>
[Section("rollout", "Phases that are switched on step by step, compared, and taken back at once.")]
public sealed class RolloutSection : IGraphDecorator, IDisposable
{
    private readonly RolloutOptions _options;
    private readonly SectionContext _files;
    private readonly TimeProvider _clock;
    private RolloutState? _state;

    /// <summary>The phases as the pipeline describes them.</summary>
    /// <exception cref="ConfigurationException">They do not fit together.</exception>
    public RolloutSection(RolloutOptions options, SectionContext files, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(files);
        (_options, _files, _clock) = (options, files, clock);
        Refuse(new PhaseChecks(options.Phases, DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime)).Check());
        Control = new PhaseControl(options.Phases) { WhatKeepsOff = phase => _files.Switches.Now.WhatKeepsOff(phase) };
    }

    /// <summary>Runs the phases, and takes commands.</summary>
    public PhaseControl Control { get; }

    /// <summary>The phases, in the order of the file.</summary>
    public IReadOnlyList<Phase> Phases => Control.Phases;

    /// <summary>Where the state is kept, in full; null when every run begins anew.</summary>
    public string? StateFolder => _options.State is { } state ? _files.Resolve(state.Path) : null;

    /// <summary>A run is about to begin: the phases go on where an earlier run left them, and from now on what happens to them is written down.</summary>
    /// <exception cref="ConfigurationException">Another process has the state, or it cannot be written.</exception>
    public void Begin()
    {
        if (_state is not null)
        {
            return;
        }

        _state = new RolloutState(Control, _options.State, _options.KillFile, _files, _clock, isRun: true);
        // The journal tells of the switch before it tells of the phases that follow it.
        _files.Switches.Changed += _state.Write;
        Control.Follow(_files.Switches);
    }

    /// <summary>Goes on where an earlier run left the phases, without a run: to look, when nothing is written, or to send one command.</summary>
    /// <exception cref="ConfigurationException">Another process has the state, or it cannot be written.</exception>
    internal void Resume(bool toWrite)
    {
        if (toWrite)
        {
            _state ??= new RolloutState(Control, _options.State, _options.KillFile, _files, _clock, isRun: false);
        }
        else if (StateFolder is { } folder)
        {
            Journal.StateFolder.Look(folder).Restore(Control, _options.State!, _clock.GetUtcNow(), asRun: false);
        }
    }

    /// <summary>Event time until which the baseline of a completed phase must stay in the pipeline, ns UTC; null when it has none to keep.</summary>
    public long? BaselineKeptUntil(Phase phase)
    {
        ArgumentNullException.ThrowIfNull(phase);
        return StateFolder is { } folder ? Journal.StateFolder.Look(folder).BaselineKeptUntil(phase.Options.Name, _options.State!) : null;
    }

    /// <summary>Why the state of earlier runs could not be believed; null when it could.</summary>
    public string? Damage => _state?.Damage;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_state is { } state)
        {
            _files.Switches.Changed -= state.Write;
            state.Dispose();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<GraphPart> Decorate(IReadOnlyList<GraphPart> parts, BlockFactory factory)
    {
        Refuse([.. PhasePlanChecks.Check(Phases, factory)]);
        foreach (var phase in Phases.Where(p => !IsLeftOut(p, factory)))
        {
            parts = new PhaseGraph(phase, parts, factory, _clock).Decorate();
        }

        return parts;
    }

    // Its switch was off when the pipeline was loaded, and stays off in this run.
    private static bool IsLeftOut(Phase phase, BlockFactory factory) =>
        factory.Plan.LeftOut.Contains(phase.Options.Name) && factory.Plan.Blocks.All(b => b.Name != phase.Options.Candidate.Block);

    private static void Refuse(IReadOnlyList<ConfigurationException> found)
    {
        if (found.Count > 0)
        {
            throw new ConfigurationException(found[0].Option, found[0].Message) { Others = [.. found.Skip(1)] };
        }
    }
}
