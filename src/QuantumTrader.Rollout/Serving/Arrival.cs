namespace QuantumTrader.Rollout.Serving;

/// <summary>A run of operations that came by the tap: who got them, and when.</summary>
/// <param name="Through">Sequence of the last one.</param>
/// <param name="HandedThrough">Sequence of the last one that the candidate had room for.</param>
/// <param name="Stamp">When they came: timestamp of the clock.</param>
/// <param name="Run">The candidate that they were handed to; null when there was none.</param>
internal readonly record struct Arrival<TIn, TOut>(long Through, long HandedThrough, long Stamp, CandidateRun<TIn, TOut>? Run)
    where TIn : struct, Dataflow.IEvent<TIn>
    where TOut : struct, Dataflow.IEvent<TOut>;
