"""Deals from a file of another system. Next: clew_lifecycle.imports.write_deals.write_deals."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from clew_shared.runtime.settings import OperatorError
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.imports.mapped import MappedRows
from clew_lifecycle.imports.mapping import Mapping
from clew_lifecycle.imports.read_deal import Known, ReadDeal, Teammate, read_deal
from clew_lifecycle.imports.read_table import Row
from clew_lifecycle.imports.run import Written
from clew_lifecycle.imports.write_deals import DealBatch, write_deals
from clew_lifecycle.store.import_jobs import Kind
from clew_lifecycle.store.imported_deals import known_deals, reasons_by_key, team_by_name
from clew_lifecycle.store.workflow import hold_workflow, load_workflow


class DealImporter:
    """Brings deals in as they are: what is required of a move today nobody asked when they made it.

    A lost deal may lack its reason. A deal that is known already stays as it is: people may have worked on it since.
    """

    kind: Kind = "deals"

    def __init__(self, mapping: Mapping, folders: Sequence[Path]) -> None:
        self.source = mapping.source
        self._rows = MappedRows("deal", mapping, folders)
        self._region = mapping.region
        self._team: dict[str, Teammate] = {}
        self._reasons: dict[str, UUID] = {}

    async def start(self, header: Sequence[str], uow: UnitOfWork) -> None:
        await self._rows.start(header, uow)
        self._team = await team_by_name(uow.connection)
        self._reasons = await reasons_by_key(uow.connection)
        stages = {
            stage.key for pipeline in (await load_workflow(uow.connection)).pipelines for stage in pipeline.stages
        }
        if unknown := sorted(set(self._rows.history_names) - stages):
            raise OperatorError(f"the mapping's history speaks of {', '.join(unknown)}, which no pipeline has")

    async def write(self, rows: Sequence[Row], batch_id: UUID, uow: UnitOfWork) -> Written:
        await hold_workflow(uow.connection)
        known = Known(await load_workflow(uow.connection), self._team, self._reasons)
        written = Written()
        read: dict[str, ReadDeal] = {}
        for record in self._rows.records(rows):
            deal = read_deal(record, known, self._rows.history_names, self._rows.custom_of(record))
            if deal is not None:
                written.counts["known"] += deal.external_id in read
                read.setdefault(deal.external_id, deal)
            written.findings += record.findings
        there = await known_deals(self.source, list(read), uow.connection)
        written.counts["known"] += len(there)
        new = [deal for key, deal in read.items() if key not in there]
        batch = DealBatch(self.source, self._region, batch_id, known.workflow)
        await write_deals(new, batch, written, uow)
        return written
