// Shows the parts of a session as one snapshot of plain values.
import * as Model from '../../protocol/model.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Bonds from './bonds.ts'
import * as Contribution from './contribution.ts'
import * as Incidents from './incidents.ts'
import * as Jobs from './jobs.ts'
import * as Money from './money.ts'
import type { Entry } from './participations.ts'
import * as Parties from './parties.ts'
import type { Parts } from './parts.ts'
import * as Privacy from './privacy.ts'
import * as Rounds from './rounds.ts'
import * as Stages from './stages.ts'
import type { Participation } from './view/participation.ts'
import type { Snapshot } from './view/snapshot.ts'

export function compose(parts: Parts): Omit<Snapshot, 'phase' | 'problems'> {
  const { purse, wallets, watch, shelf, board, rules, guard, participations, now } = parts
  const states = participations.list().map((entry) => entry.state())
  const { dataOffers, computeOffers, tasks, ownData, ownCompute } = board.view(purse.account().address, now())
  return {
    identity: { ...purse.view(), promised: Bonds.promised(states, purse.account().address) },
    wallets: wallets.list(),
    token: purse.token(),
    connection: watch.view(),
    dataSets: shelf.view(),
    offers: { data: ownData, compute: ownCompute },
    market: { dataOffers, computeOffers, tasks },
    participations: participations.list().map((entry) => participation(parts, entry)),
    rules: rules.view(),
    limits: guard.view(),
  }
}

function participation(parts: Parts, entry: Entry): Participation {
  const { participations, transactions, board, shelf, now } = parts
  const state = entry.state()
  const { terms, spec } = state
  const money = Money.of(state)
  const rounds = Rounds.of(parts, entry)
  const situation = Stages.of(state, money, now())
  return {
    id: entry.id,
    task: state.id,
    role: state.role,
    title: spec.title,
    description: spec.description,
    schemaId: terms.schemaId,
    stage: situation.stage,
    waitsFor: situation.waitsFor,
    deadline: situation.deadline,
    terms: {
      ...terms,
      byInvitation: terms.invited !== Terms.noHash,
      rounds: spec.rounds,
      targetAccuracy: spec.targetAccuracy,
    },
    model: {
      spec: spec.model,
      parameters: Model.parameterCount(spec.model),
      updateBytes: terms.words * 32,
    },
    warmStart: spec.warmStart && { samples: spec.warmStart.samples, parts: spec.warmStart.parts },
    scoring: spec.scoring,
    rounds,
    parties: Parties.of(state),
    nominees: Parties.nominees(state, board, now()),
    invited: state.role === 'model' ? state.invited : [],
    dataSet: entry.participant.dataSet,
    money,
    contribution: Contribution.of(state, Money.shareOf(state)),
    privacy: Privacy.of(state, shelf.openings(entry.participant.dataSet)),
    transactions: transactions.of(state.id),
    progress: participations.progress(entry.id),
    can: situation.can,
    incidents: Incidents.of(state),
    jobs: Jobs.of(state),
    problems: entry.problems.list(),
    notes: state.notes,
  }
}
