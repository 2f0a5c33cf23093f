using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;

namespace QuantumTrader.Tests.Storage.Valkey;

/// <summary>The Valkey store keeps what every event store promises.</summary>
[Collection("valkey")]
[NeedsValkey]
public sealed class ValkeyContractTests : EventStoreContract
{
    private readonly ValkeyServer _server;

    public ValkeyContractTests(SharedServer shared) => _server = shared.Empty();

    protected override IEventStore Open() => ValkeyStore.Open(Stored.Options(_server), Market.Calendar, TimeProvider.System);
}
