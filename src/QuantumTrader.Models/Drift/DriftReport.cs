namespace QuantumTrader.Models.Drift;

/// <summary>How far a model's features and answers have moved away from training.</summary>
/// <param name="Window">Predictions that were held against training at once.</param>
/// <param name="Comparisons">How often; 0 when there were fewer predictions than the window takes.</param>
/// <param name="Score">The probability of up.</param>
/// <param name="Features">Each feature, in the order of the manifest.</param>
public sealed record DriftReport(int Window, long Comparisons, DriftFigure Score, IReadOnlyList<DriftFigure> Features);

/// <summary>How far a value has moved.</summary>
/// <param name="Name">The feature or score.</param>
/// <param name="Index">Its population stability index at the last comparison; null without any.</param>
/// <param name="Largest">The largest index of all comparisons.</param>
/// <param name="LargestAt">Time of the vector at which it was found.</param>
/// <param name="Band">What the last index is called.</param>
public sealed record DriftFigure(string Name, double? Index, double? Largest, string? LargestAt, DriftBand Band);
