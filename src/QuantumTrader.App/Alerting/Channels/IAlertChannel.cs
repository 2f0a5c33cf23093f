namespace QuantumTrader.App.Alerting.Channels;

/// <summary>A way in which alerts leave the machine.</summary>
internal interface IAlertChannel : IDisposable
{
    /// <summary>Its name in the YAML.</summary>
    string Name { get; }

    /// <summary>Delivers one alert.</summary>
    /// <exception cref="DeliveryException">It was not delivered, and why; without any secret.</exception>
    Task SendAsync(RaisedAlert alert, CancellationToken stop);
}

/// <summary>An alert was not delivered.</summary>
/// <param name="why">Why, without any secret.</param>
internal sealed class DeliveryException(string why) : Exception(why)
{
    /// <summary>True when another attempt cannot help, such as at a wrong address or password.</summary>
    public bool IsFinal { get; init; }

    /// <summary>How long the other side asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
