namespace QuantumTrader.Pipelines;

/// <summary>The outside forms of a run's events, for sections that only learn later which events they get.</summary>
public interface IEventFormats
{
    /// <summary>The outside form of an event type; null when it has none.</summary>
    IEventFormat? Of(Type eventType);
}
