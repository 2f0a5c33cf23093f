using Microsoft.AspNetCore.Routing;

namespace QuantumTrader.App.Hosting;

/// <summary>One resource of the API, in a file of its own under Api/. Listed in <see cref="HostParts"/>.</summary>
internal interface IApi
{
    /// <summary>
    /// Adds its routes, each with a name and a summary, because the OpenAPI document is made from them. Who may call them is checked before:
    /// everything but GET needs the token and a JSON body.
    /// </summary>
    void Map(IEndpointRouteBuilder routes, LiveRun run);
}

/// <summary>One document that clients of the stream follow. Listed in <see cref="HostParts"/>.</summary>
internal interface ITopic
{
    /// <summary>Its name, such as <c>flow</c> or <c>market:WDOU25</c>.</summary>
    string Name { get; }

    /// <summary>
    /// The document as it is now: an object that serialises to a JSON object, with keyed children where something changes, because only what
    /// changed is sent. A member that is null counts as not there. Called for all clients together, by one thread at a time.
    /// </summary>
    object Read();

    /// <summary>Changes when the document may have; null when only reading it tells.</summary>
    long? Version => null;

    /// <summary>The first client has come: begins what is only done while somebody watches. What it returns is disposed when the last has gone.</summary>
    IDisposable? Watch() => null;
}
