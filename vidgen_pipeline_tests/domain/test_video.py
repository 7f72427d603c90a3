from vidgen_pipeline.domain.video import ACTIONS, TRANSITIONS, Action, VideoStatus, actions_in


def test_every_action_leads_where_a_video_may_go():
    for action, states in ACTIONS.items():
        for before, after in states.items():
            assert after is before or after in TRANSITIONS[before], (action, before, after)


def test_every_state_has_its_transitions_and_every_action_its_states():
    assert set(TRANSITIONS) == set(VideoStatus)
    assert set(ACTIONS) == set(Action)


def test_what_can_be_done_in_which_state():
    offered = {status: {action.value for action in actions_in(status)} for status in VideoStatus}
    assert offered == {
        VideoStatus.DRAFT: {"generate_now", "edit", "rename", "reschedule", "delete"},
        VideoStatus.PLANNED: {"generate_now", "edit", "rename", "reschedule", "cancel", "delete"},
        VideoStatus.QUEUED: {"rename", "cancel"},
        VideoStatus.PROCESSING: {"rename", "cancel"},
        VideoStatus.NEEDS_REVIEW: {"rename", "cancel", "review"},
        VideoStatus.FAILED: {"generate_now", "edit", "rename", "reschedule", "retry", "delete"},
        VideoStatus.CANCELLED: {"generate_now", "edit", "rename", "reschedule", "retry", "delete"},
        VideoStatus.COMPLETED: {"rename", "delete", "download"},
    }
