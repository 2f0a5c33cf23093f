using System.Globalization;

namespace QuantumTrader.Models.Training;

/// <summary>What a distance between two prices is measured in.</summary>
public enum DistanceUnit
{
    /// <summary>A share of the price that it starts from.</summary>
    Fraction,

    /// <summary>Steps of the instrument's smallest price change.</summary>
    Ticks,
}

/// <summary>A distance between two prices.</summary>
/// <param name="Value">How much.</param>
/// <param name="Unit">Of what.</param>
public readonly record struct Distance(double Value, DistanceUnit Unit)
{
    /// <summary>The distance in the price's own unit.</summary>
    /// <param name="from">The price that it starts from.</param>
    /// <param name="tick">Price of one tick.</param>
    public double InPrice(double from, double tick) => Unit == DistanceUnit.Ticks ? Value * tick : Value * from;

    /// <summary>Reads <c>8t</c> (ticks), <c>0.2%</c> or <c>0.002</c> (of the price).</summary>
    public static bool TryParse(string text, out Distance distance)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (number, unit, factor) = text switch
        {
            [.. var ticks, 't'] => (ticks, DistanceUnit.Ticks, 1.0),
            [.. var percent, '%'] => (percent, DistanceUnit.Fraction, 0.01),
            _ => (text, DistanceUnit.Fraction, 1.0),
        };
        var isNumber = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value);
        distance = new Distance(value * factor, unit);
        return isNumber;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:R}{(Unit == DistanceUnit.Ticks ? "t" : "")}");
}
