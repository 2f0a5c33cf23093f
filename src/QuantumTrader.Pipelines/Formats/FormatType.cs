using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>A registered <see cref="EventFormat{T}"/>.</summary>
/// <param name="Name">What users call the event type, such as <c>market</c>.</param>
/// <param name="EventType">The struct.</param>
/// <param name="Class">The class.</param>
/// <param name="Constructor">Its only public constructor; takes sections and contexts only.</param>
public sealed record FormatType(string Name, Type EventType, Type Class, ConstructorInfo Constructor)
{
    /// <summary>The event type of a constructor parameter that is an <see cref="EventFormat{T}"/>; null when it is something else.</summary>
    internal static Type? Asked(Type parameter) =>
        parameter.IsGenericType && parameter.GetGenericTypeDefinition() == typeof(EventFormat<>) ? parameter.GetGenericArguments()[0] : null;
}
