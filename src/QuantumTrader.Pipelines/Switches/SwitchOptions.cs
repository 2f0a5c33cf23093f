namespace QuantumTrader.Pipelines;

/// <summary>How much a run says on standard error.</summary>
public enum LogLevel
{
    /// <summary>Also the switches that are set.</summary>
    Debug,

    /// <summary>What runs and how far it is.</summary>
    Info,

    /// <summary>Only what needs somebody's attention.</summary>
    Warning,

    /// <summary>Only why a run failed.</summary>
    Error,
}

/// <summary>
/// The switches of a whole pipeline, under the names of the old system. What is not given leaves the blocks as their own options have them;
/// an environment variable of the same name goes before the file. They can be changed while the pipeline runs. Immutable: who reads them
/// reads all of one moment.
/// </summary>
public sealed record SwitchOptions
{
    /// <summary>Publishes on the bus: blocks of the phase <c>zmq</c>. False when the run begins leaves them out.</summary>
    public bool? ZmqEnabled { get; init; }

    /// <summary>Takes in what comes over the bus; what comes while it is false is dropped and counted.</summary>
    public bool? ZmqConsume { get; init; }

    /// <summary>Stores: blocks of the phase <c>valkey</c>. False when the run begins leaves them out.</summary>
    public bool? ValkeyEnabled { get; init; }

    /// <summary>Uses history: the rollout's phase <c>time_travel</c>, and the enhanced model of a coordinator.</summary>
    public bool? TimeTravelEnabled { get; init; }

    /// <summary>Share of the requests to a coordinator that go to its enhanced model.</summary>
    public Share? TimeTravelPercentage { get; init; }

    /// <summary>Uses the enhanced model: the rollout's phase <c>enhanced_ml</c>, and the enhanced model of a coordinator.</summary>
    public bool? EnhancedMlEnabled { get; init; }

    /// <summary>A coordinator goes on with the next level when a model fails.</summary>
    public bool? FallbackOnError { get; init; }

    /// <summary>Goes before everything else: the fast model answers, and the rollout's phase <c>enhanced_ml</c> is off.</summary>
    public bool? ForceFastMode { get; init; }

    /// <summary>A phase of the rollout and a coordinator note their fallbacks among the findings of the run: the first at once, then one a burst.</summary>
    public bool? AlertOnFallback { get; init; }

    /// <summary>How much a run says on standard error.</summary>
    public LogLevel? LogLevel { get; init; }

    /// <summary>Which switch keeps a phase off, in words; null when none does.</summary>
    public string? WhatKeepsOff(string? phase) => phase switch
    {
        "zmq" when ZmqEnabled == false => "ZMQ_ENABLED is false",
        "valkey" when ValkeyEnabled == false => "VALKEY_ENABLED is false",
        "time_travel" when TimeTravelEnabled == false => "TIME_TRAVEL_ENABLED is false",
        "enhanced_ml" when ForceFastMode == true => "FORCE_FAST_MODE is true",
        "enhanced_ml" when EnhancedMlEnabled == false => "ENHANCED_ML_ENABLED is false",
        _ => null,
    };
}
