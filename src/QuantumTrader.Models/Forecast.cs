namespace QuantumTrader.Models;

/// <summary>What a model says of one row.</summary>
/// <param name="Up">Probability that the price rises, from 0 to 1.</param>
/// <param name="Down">Probability that it falls, from 0 to 1.</param>
/// <param name="Direction">Probability of a rise less that of a fall; 0 when the model's own choice is neither, or another.</param>
/// <param name="Magnitude">Size of the expected move as a fraction of the price; 0 when the model does not tell.</param>
public readonly record struct Forecast(double Up, double Down, double Direction, double Magnitude)
{
    /// <summary>Probability of the likelier of rise and fall.</summary>
    public double Confidence => Math.Max(Up, Down);
}
